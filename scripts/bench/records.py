"""From measured rounds to records: parity first, then figures."""
import rounds
import works

OURS = "atelier"


def our_key(precision):
    return (OURS, precision)


def parity_error(ours, theirs):
    """Largest relative difference of two lists of losses; infinite when they can't be compared."""
    if len(ours) != len(theirs) or not ours:
        return float("inf")
    differences = [abs(a - b) / max(abs(a), 1e-12) for a, b in zip(ours, theirs)]
    return max(d if d == d else float("inf") for d in differences)


def agrees(ours, theirs, tolerances):
    """Whether every loss is within its own tolerance, relative."""
    return 0 < len(ours) == len(theirs) == len(tolerances) and all(
        parity_error([a], [b]) <= limit for a, b, limit in zip(ours, theirs, tolerances))


def rounded(value, digits=5):
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def figures(measured, key, hello, work, precision, threads, roofline):
    """The part that a record of ours and one of a peer have in common. roofline: share of what the machine allows."""
    ms = rounds.spread(measured.ms(key))
    least = roofline.least_ms(work.flops, work.bytes, precision)
    record = {"version": hello["version"], "threads": threads, "ms": ms["median"], "ms_min": ms["min"],
              "ms_max": ms["max"], "ms_q1": ms["q1"], "ms_q3": ms["q3"], "runs": measured.steps[key],
              "items_per_s": hello["items"] / ms["median"] * 1e3, "roofline": least / ms["median"] if least else None,
              "first_ms": hello["first_ms"], **{k: v for k, v in measured.last[key].items() if k != "ratio"}}
    return {k: rounded(v) for k, v in record.items()}


def counts(measured):
    return {"rounds": len(measured.rounds), "rounds_discarded": measured.discarded,
            "rounds_disturbed": measured.disturbed, "measurements_repeated": measured.repeated}


def our_record(measured, hello, work, precision, threads, roofline):
    key = our_key(precision)
    return {"kind": work.kind, "work": work.name, "impl": OURS, "precision": precision, "isa": hello.get("isa"),
            **figures(measured, key, hello, work, precision, threads, roofline), "ratio": None, **counts(measured)}


def peer_record(measured, impl, mode, hellos, work, precision, threads, roofline):
    """One way a peer computes beside ours at a precision. ratio: median over rounds of peer's time / ours."""
    key, base = (impl, mode), our_key(precision)
    ratio = {k: rounded(v) for k, v in rounds.spread(measured.ratios(key, base)).items()}
    error = parity_error(hellos[base]["losses"], hellos[key]["losses"])
    return {"kind": work.kind, "work": work.name, "impl": impl, "precision": precision, "mode": mode,
            **figures(measured, key, hellos[key], work, precision, threads, roofline), "ratio": ratio.pop("median"),
            **{f"ratio_{k}": v for k, v in ratio.items()}, "parity": rounded(error, 2)}


def compare_peer(measured, impl, hellos, work, precision, threads, roofline):
    """(record of the peer's fastest mode that agrees with us or None, descriptions of those that disagree)."""
    found, disagreements = [], []
    for mode in works.PEERS[impl].modes[precision]:
        key, base = (impl, mode), our_key(precision)
        if key not in hellos or base not in hellos:
            continue
        ours, theirs = hellos[base]["losses"], hellos[key]["losses"]
        limits = work.tolerances(precision, len(ours))
        if not agrees(ours, theirs, limits):
            disagreements.append(f"{work.name} {precision}: losses of {impl} ({mode}) differ by "
                                 f"{parity_error(ours[:1], theirs[:1]):.1e} in the first step and by up to "
                                 f"{parity_error(ours, theirs):.1e}, allowed are {limits[0]:.0e} and "
                                 f"{limits[-1]:.0e}: not compared")
        else:
            found.append(peer_record(measured, impl, mode, hellos, work, precision, threads, roofline))
    if not found:
        return None, disagreements
    best = min(found, key=lambda r: r["ratio"])
    if len(found) > 1:
        best["modes"] = {r["mode"]: {"ms": r["ms"], "ratio": r["ratio"]} for r in found}
    return best, disagreements


def of_work(measured, hellos, work, precisions, impls, threads, roofline):
    """All records of a work, and the failures of parity."""
    records, failures = [], []
    for precision in precisions:
        base = our_key(precision)
        if base not in hellos:
            continue
        records.append(our_record(measured, hellos[base], work, precision, threads, roofline))
        for impl in impls:
            record, wrong = compare_peer(measured, impl, hellos, work, precision, threads, roofline)
            records += [record] if record else []
            failures += wrong
    return records, failures
