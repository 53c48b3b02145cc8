/// Whether a run that began with one configuration may go on with another.
#pragma once

#include <string>

#include "atelier/train/record.hpp"

namespace atelier::inline v0::train {

/// Throws ConfigError naming `place` and the first part that differs, unless a run that began with `old` can go on with
/// `now`. What a result does not depend on ("environment") and a number of steps that follows from the rest may differ.
void require_same_run(const Record& old, const Record& now, const std::string& place);

/// The same for the fields of `asked` alone: what the flags ask of a run that is finished, whose data need not be there
/// any more.
void require_same_request(const Record& old, const Record& asked, const std::string& place);

}  // namespace atelier::inline v0::train
