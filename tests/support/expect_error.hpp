/// Errors are part of the interface: their type, that they are one line, and what they name.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "atelier/core/error.hpp"

/// Calls `f`; it must throw exactly E, in one line that contains every part. Returns the line.
template <class E, class F> std::string expect_error(F&& f, const std::vector<std::string>& parts) {
  try {
    f();
  } catch (const E& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_LT(text.size(), 900u) << text;
    for (const auto& part : parts) EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' in: " << text;
    return text;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return {};
  }
  ADD_FAILURE() << "no exception; expected one with: " << (parts.empty() ? "" : parts[0]);
  return {};
}
