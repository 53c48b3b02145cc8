/// A program's command line: what it takes, what --help says about that, and its parsing.
///
///   CommandLine line("Trains a GAN on digits.", "gan_digits");
///   line.argument("file", file, "The digits");
///   line.option("--latent N", latent, "Dimensions of the noise").between(1, 1000);
///   line.option("--hidden N,...", widths, "Widths of the hidden layers: 256,128");
///   line.flag("--json", json, "Print the summary as one line");
///   if (const auto code = line.parse(argc, argv)) return *code;
///
/// An option is written as it is used: its name, a space, what its value is called. What the variable holds beforehand
/// is the default, which --help shows unless it is an empty text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {  // <CLI/CLI.hpp>, which takes seconds to compile: command_line.cpp alone includes it
class App;
class Option;
}  // namespace CLI

namespace atelier::programs {

/// Variables are referred to, and written by `parse`: they have to live until then.
class CommandLine {
 public:
  /// What is asked of an option's value, beyond its type.
  class Option {
   public:
    explicit Option(CLI::Option* option) : option_(option) {}

    /// Whole numbers from `low` to `high`, which --help shows; of a list, each of them.
    Option& between(std::int64_t low, std::int64_t high);
    /// Numbers above 0, up to `most`.
    Option& above_zero(double most);
    /// One of `words`, which --help shows.
    Option& one_of(const std::vector<std::string>& words);
    /// Any word that `complaint` finds nothing wrong with: its answer is empty, or the error's text.
    Option& check(const std::function<std::string(const std::string&)>& complaint);
    Option& required();
    /// Not both in one command line.
    Option& excludes(const Option& other);
    /// --help says nothing of the default: the variable's value only means that the option was not given.
    Option& hide_default();

   private:
    CLI::Option* option_;
  };

  /// `about` is the first line of --help.
  CommandLine(const std::string& about, const std::string& program);
  ~CommandLine();

  /// T: std::string, std::filesystem::path, int, std::int64_t, std::uint64_t, double; std::optional of std::string or
  /// std::int64_t; std::vector of std::string, std::int32_t, std::int64_t or double. A vector is given as one word,
  /// 256,128, when its value's name ends in ",...", and otherwise by an option that may stand several times.
  template <class T> Option option(const std::string& usage, T& value, const std::string& about);
  /// A word without a flag before it, which has to be there. T: std::string, std::filesystem::path, or a
  /// std::vector<std::string> that takes all words which remain.
  template <class T> void argument(const std::string& name, T& value, const std::string& about);
  /// Sets `value`; a name behind "!" clears it: "--flip,!--no-flip".
  void flag(const std::string& names, bool& value, const std::string& about);
  /// Where --help begins to say what options do, in characters.
  void column_width(std::size_t width);

  /// Returns an exit code when the program is to end, which is 0 after --help. Throws ConfigError for a wrong command
  /// line.
  std::optional<int> parse(int argc, char** argv);
  /// Names of the options and flags that were given; only of those whose help begins with `about`.
  std::vector<std::string> given(const std::string& about = {}) const;

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace atelier::programs
