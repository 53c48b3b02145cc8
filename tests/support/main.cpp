/// Main function of every test program: a forced instruction set that this processor lacks skips the program (exit 77).
#include <gtest/gtest.h>

#include <cstdio>

#include "atelier/kernels/isa.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    atelier::isa();
  } catch (const atelier::ConfigError& error) {
    std::printf("skipped: %s\n", error.what());
    return 77;
  }
  return RUN_ALL_TESTS();
}
