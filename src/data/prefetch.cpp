#include "atelier/data/prefetch.hpp"

#include "atelier/parallel/team.hpp"

namespace atelier::inline v0::data::detail {

std::thread start_helper(std::function<void()> work) {
  return std::thread([work = std::move(work)] {
    const ThreadScope alone(1);
    work();
  });
}

}  // namespace atelier::inline v0::data::detail
