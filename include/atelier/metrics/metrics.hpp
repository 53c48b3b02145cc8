/// All figures of merit.
#pragma once

#include "atelier/metrics/bleu.hpp"
#include "atelier/metrics/class_histogram.hpp"
#include "atelier/metrics/continuous_cache.hpp"
#include "atelier/metrics/iwae.hpp"
#include "atelier/metrics/kid.hpp"
#include "atelier/metrics/likelihood.hpp"
#include "atelier/metrics/modes.hpp"
#include "atelier/metrics/ms_ssim.hpp"
#include "atelier/metrics/nearest_neighbour.hpp"
#include "atelier/metrics/perplexity.hpp"
#include "atelier/metrics/sliced_wasserstein.hpp"
