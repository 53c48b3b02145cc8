/// Which part of an image a model is to see.
#pragma once

#include <string>
#include <string_view>

#include "atelier/io/resize.hpp"

namespace atelier::inline v0::data {

/// Size of the aligned faces of CelebA.                                       Liu, Luo, Wang & Tang 2015
inline constexpr Index celeba_width = 178, celeba_height = 218;

/// `whole`: all of the image, whatever its proportions. `square`: the largest square, centred. The others are squares
/// of CelebA's frame of 178 x 218: c108 to c178 centred, c128y121 the one of 128 whose centre is (89, 121), in use
/// since Larsen et al. 2016 and Karras et al. 2018.
enum class Crop { whole, square, c108, c128y121, c140, c148, c160, c178 };

/// "whole", "square", "c108", ...
const char* name(Crop crop);
/// Throws ConfigError listing the names for another one.
Crop crop_from(std::string_view name);

/// The crop of an image of that size. Squares of CelebA's frame are scaled with it, to fractions of pixels: c148 is 74
/// x 74 at column 7.5 of an image of 89 x 109. Throws InputError, without naming a file, for a square of the frame when
/// the image is not the frame in some size, rounded to whole pixels.
io::Box crop_box(Crop crop, Index width, Index height);

/// What was done to images of width x height to make squares of `size`, for people who compare figures: crop in the
/// frame's pixels, scale, filter. A width of 0 stands for images of several sizes.
std::string describe_crop(Crop crop, Index width, Index height, Index size);

}  // namespace atelier::inline v0::data
