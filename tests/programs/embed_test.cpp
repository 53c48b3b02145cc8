// embed: its argument; it stops when it is asked to.
#include <gtest/gtest.h>

#include "support/process.hpp"

TEST(Embed, RefusesWhatIsNoNumberOfFrames) {
  for (const std::string word : {"soon", "0", "9x"}) {
    const Ended e = run({.words = {ATELIER_EMBED, word}});
    EXPECT_EQ(e.code, 2);
    EXPECT_EQ(e.err, "embed: error: frames: expected a whole number from 1, found '" + word + "'\n");
  }
}
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
