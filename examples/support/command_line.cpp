#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <stdexcept>

#include "atelier/core/error.hpp"

namespace atelier::programs {

using Option = CommandLine::Option;

namespace {
[[noreturn]] void refuse(const std::string& found) {
  throw ConfigError("command line: expected flags as --help says, found: " + found);
}
}  // namespace

Option& Option::between(std::int64_t low, std::int64_t high) {
  option_->check(CLI::Range(low, high).description(std::to_string(low) + ".." + std::to_string(high)));
  return *this;
}

Option& Option::above_zero(double most) {
  constexpr double least = 1e-6;  // CLI11's ranges include their ends
  option_->check(CLI::Range(least, most).description("above 0"));
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option& Option::check(const std::function<std::string(const std::string&)>& complaint) {
  option_->check(complaint);
  return *this;
}

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::hide_default() {
  option_->default_str("");
  return *this;
}

CommandLine::CommandLine(const std::string& about, const std::string& program)
    : app_(std::make_unique<CLI::App>(about, program)) {}
CommandLine::~CommandLine() = default;

template <class T> Option CommandLine::option(const std::string& usage, T& value, const std::string& about) {
  const auto space = usage.find(' ');
  const std::string value_name = usage.substr(space + 1);
  auto* option = app_->add_option(usage.substr(0, space), value, about)->type_name(value_name)->capture_default_str();
  const bool several = option->get_items_expected_max() > 1;
  if (several && value_name.ends_with(",...")) option->delimiter(',');
  return Option(option);
}

template <class T> void CommandLine::argument(const std::string& name, T& value, const std::string& about) {
  app_->add_option(name, value, about)->required();
}

void CommandLine::flag(const std::string& names, bool& value, const std::string& about) {
  app_->add_flag(names, value, about);
}

void CommandLine::column_width(std::size_t width) { app_->get_formatter()->column_width(width); }

std::optional<int> CommandLine::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app_->help();
    return 0;
  } catch (const CLI::ParseError& error) {
    refuse(error.what());
  } catch (const std::out_of_range&) {  // CLI11 lets it through from a flag that is given a number
    refuse("a flag with a number that is too large");
  }
  return std::nullopt;
}

std::vector<std::string> CommandLine::given(const std::string& about) const {
  std::vector<std::string> names;
  for (const auto* option : app_->get_options())
    if (option->count() > 0 && option->get_description().starts_with(about)) names.push_back(option->get_name());
  return names;
}

using Text = const std::string&;
template Option CommandLine::option(Text, std::string&, Text);
template Option CommandLine::option(Text, std::filesystem::path&, Text);
template Option CommandLine::option(Text, int&, Text);
template Option CommandLine::option(Text, std::int64_t&, Text);
template Option CommandLine::option(Text, std::uint64_t&, Text);
template Option CommandLine::option(Text, double&, Text);
template Option CommandLine::option(Text, std::optional<std::string>&, Text);
template Option CommandLine::option(Text, std::optional<std::int64_t>&, Text);
template Option CommandLine::option(Text, std::vector<std::string>&, Text);
template Option CommandLine::option(Text, std::vector<std::int32_t>&, Text);
template Option CommandLine::option(Text, std::vector<std::int64_t>&, Text);
template Option CommandLine::option(Text, std::vector<double>&, Text);
template void CommandLine::argument(Text, std::string&, Text);
template void CommandLine::argument(Text, std::filesystem::path&, Text);
template void CommandLine::argument(Text, std::vector<std::string>&, Text);

}  // namespace atelier::programs
