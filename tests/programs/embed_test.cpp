// embed: stops when it is asked to.
#include <gtest/gtest.h>

#include "support/process.hpp"

TEST(Embed, StopsOnRequest) {
  Process program({.words = {ATELIER_EMBED}});
  sleep_seconds(1.5);
  ASSERT_TRUE(program.running());
  program.kill(SIGINT);
  const Ended e = program.wait(30);
  EXPECT_EQ(e.code, 0) << e.err;
  EXPECT_NE(e.out.find("\nstopped after "), std::string::npos) << e.out;
  EXPECT_EQ(e.err, "");
}
