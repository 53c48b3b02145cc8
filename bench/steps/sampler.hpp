/// Where a thread's time goes: it is interrupted a thousand times a second and writes down which functions it is in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace atelier::bench {

/// Places in this program, innermost call first, as offsets from where it was loaded: what `nm` lists. Code of other
/// libraries is 0.
using Stack = std::vector<std::uintptr_t>;

/// Runs `work` on the calling thread and counts the stacks that it was found in. Throws Error where the system has no
/// such timer.
std::map<Stack, int> sample_stacks(const std::function<void()>& work);

}  // namespace atelier::bench
