/// A model at work, token by token: what it has read stays as keys and values, so that a token costs one look at every
/// weight.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "atelier/models/transformer/gpt.hpp"
#include "atelier/models/transformer/seq2seq.hpp"
#include "atelier/models/transformer/tokens.hpp"

namespace atelier::inline v0::transformer {

/// Texts that grow side by side, one a row; of up to 16 at a time none changes a bit of another. Steps after the first
/// allocate nothing. The model must outlive the decoder, and its weights stay as they are.
class Decoder {
 public:
  /// Room for so many texts of at most `capacity` tokens; 0: the context. Throws Error for sizes out of range.
  Decoder(const Gpt& gpt, Index rows, Index capacity = 0);
  /// Of an encoder-decoder: `rows_each` texts for every sentence of the memory, side by side.
  Decoder(const Seq2Seq& model, const Memory<float>& memory, Index rows_each = 1, Index capacity = 0);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  Index rows() const;
  Index vocabulary() const;
  /// Most tokens of a row.
  Index capacity() const;
  /// Whether a full row may go on with the last part of its text: a Gpt's may, a translation may not.
  bool can_slide() const;
  /// Tokens that a row has read.
  Index length(Index row) const;

  /// Forgets what the rows have read and reads one text each. Returns logits of the tokens that come next,
  /// [rows.size(), V], which live until the next call. Throws Error for an empty text, one longer than the capacity,
  /// tokens outside the vocabulary or rows that there are not.
  const Tensor& read(std::span<const Index> rows, std::span<const Tokens> texts);
  /// One more token for each of the rows; the same. Throws Error too when a row is full.
  const Tensor& step(std::span<const Index> rows, std::span<const std::int32_t> tokens);
  /// Every row goes on as the row from[row] was: the beams of a search.
  void reorder(std::span<const Index> from);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace atelier::inline v0::transformer
