/// Files that are whole or absent, whatever happens to the writer.
#include "atelier/io/durable_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "atelier/io/folder_lock.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace {
using namespace atelier;
using namespace atelier::io;

TEST(DurableFile, WritesPartsInOrder) {
  TempFolder folder;
  const std::string a = "alpha", b, c(3'000'000, 'c');
  write_durable(folder / "file", {bytes_of(a), bytes_of(b), bytes_of(c)});
  EXPECT_EQ(folder.read("file"), a + c);
  EXPECT_EQ(folder.count(), 1);
}

TEST(DurableFile, ReplacesAndWritesNothing) {
  TempFolder folder;
  write_durable(folder / "file", "a longer text");
  write_durable(folder / "file", "");
  EXPECT_EQ(folder.read("file"), "");
  EXPECT_EQ(std::filesystem::file_size(folder / "file"), 0u);
}

TEST(DurableFile, MissingFolder) {
  TempFolder folder;
  expect_error<IoError>([&] { write_durable(folder / "none/file", "x"); }, {"none/file: ", "No such file", "folder"});
}

TEST(DurableFile, TargetIsAFolder) {
  TempFolder folder;
  std::filesystem::create_directory(folder / "taken");
  expect_error<IoError>([&] { write_durable(folder / "taken", "x"); }, {"taken: expected to put", "directory"});
  EXPECT_EQ(folder.count(), 1);
}

TEST(DurableFile, DevicesAndPipesAreNotReplaced) {
  TempFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0666), 0);
  std::filesystem::create_symlink("/dev/null", folder / "link");
  std::filesystem::create_symlink("/proc/self/fd/0", folder / "stream");
  for (const char* name : {"pipe", "link", "stream"})
    expect_error<IoError>([&] { write_durable(folder / name, "x"); }, {name, ": expected a place for a file"});
  EXPECT_FALSE(std::filesystem::is_regular_file(folder / "pipe"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(folder.count(), 3);
}

TEST(DurableFile, NameTooLong) {
  TempFolder folder;
  expect_error<IoError>([&] { write_durable(folder / std::string(300, 'n'), "x"); }, {"nnn", "too long"});
}

/// Runs `f` in a child process; true when it returned true.
template <class F> bool in_child(F&& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = false;
    try {
      good = f();
    } catch (...) {
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(DurableFile, WriteThatFailsKeepsTheOldFile) {
  TempFolder folder;
  write_durable(folder / "file", "old");
  EXPECT_TRUE(in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string large(200'000, 'x');
    try {
      write_durable(folder / "file", large);
    } catch (const IoError& error) {
      const std::string text = error.what();
      return text.find("/file: ") != std::string::npos && text.find("File too large") != std::string::npos;
    }
    return false;
  }));
  EXPECT_EQ(folder.read("file"), "old");
  EXPECT_EQ(folder.count(), 1);
}

/// A disk of one megabyte, where the system lets us have one.
struct SmallDisk {
  explicit SmallDisk(const std::filesystem::path& p) : path(p) {
    std::filesystem::create_directory(path);
    mounted = ::mount("atelier-test", path.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (mounted) ::umount(path.c_str());
  }
  std::filesystem::path path;
  bool mounted;
};

TEST(DurableFile, FullDiskKeepsTheOldFile) {
  TempFolder folder;
  SmallDisk disk(folder / "small");
  if (!disk.mounted) GTEST_SKIP() << "needs to mount a small tmpfs";
  write_durable(folder / "small/file", "old");
  const std::string large(2'000'000, 'x');
  expect_error<IoError>([&] { write_durable(folder / "small/file", large); },
                        {"small/file: expected to write 2000000 bytes", "No space left", "free"});
  EXPECT_EQ(folder.read("small/file"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "small"), {}), 1);
}

TEST(DurableFile, ReadOnlyFolder) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  TempFolder folder;
  ::chmod(folder.path().c_str(), 0500);
  expect_error<IoError>([&] { write_durable(folder / "file", "x"); }, {"file: ", "Permission denied", "who may"});
  ::chmod(folder.path().c_str(), 0700);
}

TEST(DurableFile, KilledAnywhereLeavesOldOrNew) {
  TempFolder folder;
  const std::string old_text(400'000, 'o'), new_text(400'000, 'n');
  write_durable(folder / "file", old_text);
  for (useconds_t delay = 0; delay < 8000; delay += 400) {
    const pid_t child = ::fork();
    if (child == 0)
      for (bool odd = false;; odd = !odd) write_durable(folder / "file", odd ? old_text : new_text);
    ::usleep(delay);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto found = folder.read("file");
    EXPECT_TRUE(found == old_text || found == new_text) << delay;
  }
  remove_stale_temporaries(folder.path());
  EXPECT_EQ(folder.count(), 1);
}

TEST(DurableFile, ManyWritersOfOneFile) {
  TempFolder folder;
  std::vector<std::thread> writers;
  for (char c : {'a', 'b', 'c', 'd'})
    writers.emplace_back([&, c] { write_durable(folder / "file", std::string(100'000, c)); });
  for (auto& writer : writers) writer.join();
  const auto found = folder.read("file");
  EXPECT_EQ(found, std::string(100'000, found[0]));
  EXPECT_EQ(folder.count(), 1);
}

TEST(StaleTemporaries, OnlyTheirOwnNamesAndOnlyUnlocked) {
  TempFolder folder;
  for (const char* name :
       {"a.bin.tmp.12.0", "b.tmp.999999.3", "keep.tmp", "keep.tmp.1", "keep.tmp.x.1", "keep.tmp.1.x"})
    folder.write(name, "x");
  const auto busy = folder.write("busy.tmp.1.0", "x");
  const int held = ::open(busy.c_str(), O_RDWR);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  EXPECT_EQ(remove_stale_temporaries(folder.path()), 2);
  EXPECT_EQ(folder.count(), 5);
  ::close(held);
  EXPECT_EQ(remove_stale_temporaries(folder.path()), 1);
  EXPECT_EQ(remove_stale_temporaries(folder / "none"), 0);
}

TEST(ReadFile, WholeFileAndItsErrors) {
  TempFolder folder;
  folder.write("file", std::string("a\0b", 3));
  EXPECT_EQ(read_file(folder / "file", 3).size(), 3u);
  expect_error<InputError>([&] { read_file(folder / "file", 2); }, {"file: expected at most 2 bytes, found 3"});
  expect_error<InputError>([&] { read_file(folder / "none", 2); }, {"none: expected a file, found none"});
  expect_error<InputError>([&] { read_file(folder.path(), 2); }, {"found a folder"});
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_error<InputError>([&] { read_file(folder / "pipe", 2); }, {"found a device or pipe"});
  expect_error<InputError>([&] { read_file(folder / "two\nlines", 2); }, {"two\\x0alines"});
}

TEST(FolderLock, OneHolderAtATime) {
  TempFolder folder;
  {
    FolderLock lock(folder.path());
    const auto pid = "process " + std::to_string(::getpid());
    const auto text = expect_error<ConfigError>([&] { FolderLock(folder.path()); }, {folder.path().string(), pid});
    EXPECT_TRUE(in_child([&] {
      try {
        FolderLock(folder.path());
      } catch (const ConfigError& error) {
        return text == error.what();
      }
      return false;
    }));
    FolderLock moved = std::move(lock);
    EXPECT_THROW(FolderLock(folder.path()), ConfigError);
  }
  EXPECT_EQ(folder.count(), 0);
  FolderLock again(folder.path());
  again = FolderLock(std::move(again));
  EXPECT_THROW(FolderLock(folder.path()), ConfigError);
}

TEST(FolderLock, AKilledHolderLocksNothing) {
  TempFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    FolderLock lock(folder.path());
    ::raise(SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(folder.count(), 1);
  FolderLock lock(folder.path());
}

TEST(FolderLock, MissingFolder) {
  TempFolder folder;
  expect_error<IoError>([&] { FolderLock(folder / "none"); }, {"none: expected to lock the folder", "No such file"});
}

}  // namespace
