"""Two runs side by side: what became slower by more than the noise that was measured in them."""
import math
import statistics

FLOOR = 0.03  # changes between runs that no run can see in itself: other memory addresses, another hour


def noise(record, name):
    """Relative spread between the quartiles of the rounds, of "ms" or "ratio"."""
    low, high = record.get(f"{name}_q1"), record.get(f"{name}_q3")
    return (high - low) / record[name] if low is not None and high is not None else 0.0


def key(record):
    return record["kind"], record["work"], record["precision"], record["threads"]


def ours(records):
    return {key(r): r for r in records if r["kind"] != "machine" and r["impl"] == "atelier" and r["ms"]}


def peers(records):
    """Those that stand for the same program: same version, same way to compute."""
    return {(*key(r), r["impl"], r["version"], r.get("mode")): r
            for r in records if r["kind"] != "machine" and r.get("ratio")}


def beyond_noise(slowdown, old, new, name):
    return slowdown - 1 > max(FLOOR, noise(old, name) + noise(new, name))


def one_work(old, new, pairs):
    """pairs: (old record, new record) of each peer measured in both runs. Slower is what took more time both on the
    clock and beside the peers: a machine that is slower as a whole slows both."""
    slowdown = new["ms"] / old["ms"]
    slower = beyond_noise(slowdown, old, new, "ms")
    beside = [a["ratio"] / b["ratio"] for a, b in pairs]
    if beside:
        width = statistics.median(noise(a, "ratio") + noise(b, "ratio") for a, b in pairs)
        slower = slower and statistics.median(beside) - 1 > max(FLOOR, width)
    return {"slowdown": slowdown, "noise": max(FLOOR, noise(old, "ms") + noise(new, "ms")),
            "beside_peers": statistics.median(beside) if beside else None, "slower": slower}


def compare(old_records, new_records):
    """[(key, result of one_work)] for each of our figures that both runs hold."""
    old, new = ours(old_records), ours(new_records)
    old_peers, new_peers = peers(old_records), peers(new_records)
    results = []
    for k in new:
        if k in old:
            pairs = [(old_peers[p], new_peers[p]) for p in new_peers if p[:4] == k and p in old_peers]
            results.append((k, one_work(old[k], new[k], pairs)))
    return results


def table(results):
    """Lines of text, slower ones marked."""
    width = max([12, *(len(k[1]) for k, _ in results)])
    lines = [f"{'work':<{width}} {'precision':<9} {'threads':>7} {'time new/old':>12} {'beside peers':>12} "
             f"{'noise':>6}"]
    for (_, work, precision, threads), r in results:
        beside = f"{r['beside_peers']:.3f}" if r["beside_peers"] else "-"
        lines.append(f"{work:<{width}} {precision or '-':<9} {threads:>7} {r['slowdown']:>12.3f} {beside:>12} "
                     f"{r['noise']:>6.1%}" + ("  SLOWER" if r["slower"] else ""))
    if results:
        mean = math.exp(statistics.fmean(math.log(r["slowdown"]) for _, r in results))
        lines.append(f"{'mean':<{width}} {'':<9} {'':>7} {mean:>12.3f}")
    else:
        lines.append("the two runs have no figure in common")
    return lines
