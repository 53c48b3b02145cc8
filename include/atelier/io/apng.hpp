/// Pictures that move: animated PNG, which programs that do not know it show as its first frame.
#pragma once

#include <span>

#include "atelier/io/png.hpp"

namespace atelier::inline v0::io {

/// Writes frames of one size and kind, shown for so many seconds each, over and over; durably, with texts as
/// write_png() has them. The last frame stays `hold` times as long. APNG is part of PNG's third edition (W3C
/// 2025, 11.3.6). Throws Error for no frames, frames that differ in size or channels, times outside (0, 60], and as
/// write_png() does.
void write_apng(const std::filesystem::path& path, std::span<const Image> frames, double seconds,
                const PngText& text = {}, Index hold = 1);

}  // namespace atelier::inline v0::io
