// Writes text with a trained language model or with GPT-2: a prompt in, its continuation out, token by token. With a
// translator: a sentence in, its translation out.
//   generate --model runs/lm_text --prompt "ROMEO:" --temperature 0.8 --top-k 40
//   generate --model runs/translate --prompt "I am here." --beams 4
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

void add_sampling_flags(CommandLine& line, GenerateFlags& f) {
  line.option("--temperature X", f.sampling.temperature, "Divides the logits; 0: always the likeliest token");
  line.option("--top-k K", f.sampling.top_k, "Draw from so many of the likeliest tokens; 0: all");
  line.option("--top-p P", f.sampling.top_p, "Draw from the fewest likeliest tokens of this probability together");
  line.option("--min-p P", f.sampling.min_p, "Draw from tokens at least so likely, relative to the likeliest");
  line.option("--repetition-penalty X", f.sampling.repetition_penalty, "Above 1: tokens that were there get unlikely");
  line.option("--seed N", f.seed, "Same seed, same text").between(0, largest_seed);
}

/// An empty word would be read as 0, which is a token too.
std::string number(const std::string& word) { return word.empty() ? "expected numbers of tokens, found none" : ""; }

void add_flags(CommandLine& line, GenerateFlags& f) {
  line.option("--model PATH", f.model,
              "Run folder, model.safetensors or checkpoint of a trainer; or a folder with GPT-2: config.json, "
              "model.safetensors, vocab.json, merges.txt")
      .required();
  line.option("--tokenizer PATH", f.tokenizer,
              "tokenizer.json, or a folder with vocab.json and merges.txt; left out: beside the model, or in the "
              "folder above");
  line.option("--prompt TEXT", f.prompts, "Text to go on with; again for another text beside it").hide_default();
  line.option("--prompt-file FILE", f.prompt_file,
              "File with the text to go on with; - for standard input; of a translator a sentence a line");
  line.option("--ids N,...", f.ids, "Numbers of tokens to go on with, 15496,11: prints numbers, needs no tokenizer")
      .check(number)
      .hide_default();
  line.option("--tokens N", f.tokens, "Most new tokens of a text").between(1, 1'000'000);
  line.option("--samples N", f.samples, "Texts for each prompt").between(1, 1000);
  line.option("--stop TOKEN", f.stop, "Text of a token that ends a text; again for another one").hide_default();
  line.option("--beams N", f.beams,
              "Search with so many texts side by side instead of drawing; 0: draw, with a translator 4")
      .between(0, 1000);
  line.option("--length-penalty X", f.length_penalty, "Of the search: above 0 favours longer texts");
  line.option("--threads N", f.threads, "Threads; 0: ATELIER_THREADS, or all processors").between(0, 1024);
  line.flag("--no-prompt", f.without_prompt, "Print the new text alone");
}

int generate_text(int argc, char** argv) {
  GenerateFlags flags;
  CommandLine line("Writes text with a trained language model or with GPT-2, or translates.", "generate");
  add_flags(line, flags);
  add_sampling_flags(line, flags);
  if (const auto code = line.parse(argc, argv)) return *code;
  flags.given = line.given();
  flags.sampling.check();
  const ThreadScope team(flags.threads ? flags.threads : threads());
  text_model_kind(flags.model) == "seq2seq" ? write_translations(flags) : write_texts(flags);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("generate", [&] { return generate_text(argc, argv); });
}
