// A shared library that trains.
#include "atelier/core/error.hpp"
#include "learn.hpp"

extern "C" double plugin_loss_after(int steps) { return loss_after(steps); }
/// Whether an error of the library, thrown and caught in here, is what it is.
extern "C" int plugin_catches() try {
  throw atelier::ConfigError("by the plugin");
} catch (const atelier::Error& error) {
  return error.exit_code();
}
