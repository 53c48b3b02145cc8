#pragma once

/// Loss of a small VAE after so many steps.
double loss_after(int steps);
