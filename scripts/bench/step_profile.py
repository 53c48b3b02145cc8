"""Where a step's time goes: samples of the calling thread's stack, told apart by the functions in them."""
import bisect
import functools
import re
import subprocess

# The first that fits any function of the stack counts: products inside a cross-entropy belong to the cross-entropy.
PARTS = {
    "cross-entropy": r"cross_entropy|bce_with_logits|softplus",
    "attention": r"attention_(value|gradient|impl)|self_attention|kernels9attention|one_query",
    "optimizer": r"4adamI|3sgdI|7squaresI|_optimizer|global_norm",
    "products": r"gemm|gemv|conv_impl|winograd|kernels\d+conv",
    "norm and activation": r"norm|map_broadcast|map_span|activation|dropout",
    "sums": r"sum_columns|sum_value|sum_rows|reduce",
}
OTHER = "other"


class ProfileError(Exception):
    """The program's symbols can't be read."""


@functools.cache
def symbols(program):
    """(addresses, names) of a program's functions, sorted."""
    try:
        listed = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise ProfileError(f"profile: nm {program}: {error}") from None
    found = sorted((int(words[0], 16), words[2]) for words in map(str.split, listed.splitlines())
                   if len(words) == 3 and words[1] in "tTwW")
    return [address for address, _ in found], [name for _, name in found]


def function_at(place, table):
    """The function that holds a place; "" for code of other libraries."""
    index = bisect.bisect(table[0], place) - 1
    return table[1][index] if place and index >= 0 else ""


def part_of(names):
    for part, pattern in PARTS.items():
        if any(re.search(pattern, name) for name in names):
            return part
    return OTHER


def waits(names):
    """Whether the thread waits for another to finish its share."""
    return "6Worker6finish" in next((name for name in names if name), "")


def shares(stacks, table):
    """{part: share of the samples}, and the share of them that is spent waiting for other threads."""
    total, counts, waiting = 0, dict.fromkeys([*PARTS, OTHER], 0), 0
    for count, places in stacks:
        names = [function_at(p, table) for p in places]
        total += count
        counts[part_of(names)] += count
        waiting += count if waits(names) else 0
    if total == 0:
        return {}, 0.0
    return {part: round(n / total, 4) for part, n in counts.items()}, round(waiting / total, 4)


def of_worker(worker, program, seconds):
    """What a record of ours says of where the time goes."""
    answer = worker.ask(f"profile {seconds} {worker.plan.least}", 60 * seconds + 120)
    found, waiting = shares(answer["stacks"], symbols(program))
    return {"profile": found, "waiting": waiting, "samples": sum(count for count, _ in answer["stacks"])}
