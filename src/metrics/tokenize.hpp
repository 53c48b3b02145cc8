/// Blanks as Python's str methods know them, which sacreBLEU trims and splits by.
#pragma once

#include <string_view>

namespace atelier::inline v0::metrics {

/// Bytes of the blank character (Unicode: White_Space, and the separators 0x1c to 0x1f) that `text` begins with; 0 when
/// it begins with another. The text is UTF-8.
std::size_t leading_blank(std::string_view text);

/// Without blanks at the end.
std::string_view right_trimmed(std::string_view text);

}  // namespace atelier::inline v0::metrics
