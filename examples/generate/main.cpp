// Writes text with a trained language model or with GPT-2: a prompt in, its continuation out, token by token. With a
// translator: a sentence in, its translation out.
//   generate --model runs/lm_text --prompt "ROMEO:" --temperature 0.8 --top-k 40
//   generate --model runs/translate --prompt "I am here." --beams 4
#include <CLI/CLI.hpp>

#include "atelier/parallel/team.hpp"
#include "flags.hpp"
#include "options.hpp"
#include "program.hpp"
#include "text_model.hpp"
#include "translations.hpp"
#include "writer.hpp"

using namespace atelier;
using namespace atelier::programs;

namespace {

void add_sampling_flags(CLI::App& app, GenerateFlags& f) {
  app.add_option("--temperature", f.sampling.temperature, "Divides the logits; 0: always the likeliest token")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--top-k", f.sampling.top_k, "Draw from so many of the likeliest tokens; 0: all")
      ->type_name("K")
      ->capture_default_str();
  app.add_option("--top-p", f.sampling.top_p, "Draw from the fewest likeliest tokens of this probability together")
      ->type_name("P")
      ->capture_default_str();
  app.add_option("--min-p", f.sampling.min_p, "Draw from tokens at least so likely, relative to the likeliest")
      ->type_name("P")
      ->capture_default_str();
  app.add_option("--repetition-penalty", f.sampling.repetition_penalty, "Above 1: tokens that were there get unlikely")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--seed", f.seed, "Same seed, same text")->check(seeds())->type_name("N")->capture_default_str();
}

/// CLI11 reads an empty word as 0, which is a token too.
std::string number(const std::string& word) { return word.empty() ? "expected numbers of tokens, found none" : ""; }

void add_flags(CLI::App& app, GenerateFlags& f) {
  app.add_option("--model", f.model,
                 "Run folder, model.safetensors or checkpoint of a trainer; or a folder with GPT-2: config.json, "
                 "model.safetensors, vocab.json, merges.txt")
      ->required()
      ->type_name("PATH");
  app.add_option("--tokenizer", f.tokenizer,
                 "tokenizer.json, or a folder with vocab.json and merges.txt; left out: "
                 "beside the model, or in the folder above")
      ->type_name("PATH");
  app.add_option("--prompt", f.prompts, "Text to go on with; again for another text beside it")->type_name("TEXT");
  app.add_option("--prompt-file", f.prompt_file,
                 "File with the text to go on with; - for standard input; of a translator a sentence a line")
      ->type_name("FILE");
  app.add_option("--ids", f.ids, "Numbers of tokens to go on with, 15496,11: prints numbers, needs no tokenizer")
      ->delimiter(',')
      ->check(number)
      ->type_name("N,...");
  app.add_option("--tokens", f.tokens, "Most new tokens of a text")
      ->check(within(1, 1'000'000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--samples", f.samples, "Texts for each prompt")
      ->check(within(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--stop", f.stop, "Text of a token that ends a text; again for another one")->type_name("TOKEN");
  app.add_option("--beams", f.beams,
                 "Search with so many texts side by side instead of drawing; 0: draw, with a translator 4")
      ->check(within(0, 1000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--length-penalty", f.length_penalty, "Of the search: above 0 favours longer texts")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--threads", f.threads, "Threads; 0: ATELIER_THREADS, or all processors")
      ->check(within(0, 1024))
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--no-prompt", f.without_prompt, "Print the new text alone");
}

int generate_text(int argc, char** argv) {
  GenerateFlags flags;
  CLI::App app("Writes text with a trained language model or with GPT-2, or translates.", "generate");
  add_flags(app, flags);
  add_sampling_flags(app, flags);
  if (const auto code = parse(app, argc, argv)) return *code;
  for (const auto* option : app.get_options())
    if (option->count() > 0) flags.given.push_back(option->get_name());
  flags.sampling.check();
  const ThreadScope team(flags.threads ? flags.threads : threads());
  text_model_kind(flags.model) == "seq2seq" ? write_translations(flags) : write_texts(flags);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("generate", [&] { return generate_text(argc, argv); });
}
