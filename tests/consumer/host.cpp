// A program that trains, and loads a shared library that trains too. Prints: the same bits, 3 times
//   host PLUGIN
#include <dlfcn.h>

#include <cstdio>

#include "atelier/atelier.hpp"
#include "learn.hpp"

namespace {
template <class F> F* symbol(void* library, const char* name) { return reinterpret_cast<F*>(dlsym(library, name)); }
}  // namespace

int main(int, char** argv) {
  const double before = loss_after(20);
  void* plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!plugin) {
    std::printf("%s\n", dlerror());
    return 1;
  }
  const double inside = symbol<double(int)>(plugin, "plugin_loss_after")(20);
  const int code = symbol<int()>(plugin, "plugin_catches")();
  dlclose(plugin);
  const double after = loss_after(20);
  const bool same = before == inside && before == after && code == atelier::ConfigError("").exit_code();
  std::printf(same ? "the same bits, 3 times\n" : "%.17g, %.17g, %.17g; code %d\n", before, inside, after, code);
}
