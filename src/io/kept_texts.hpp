// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What waits in a sink's queue of texts, once more in the memory file of sinks (sink_area.hpp), so
// that the next image of zinit delivers it. Threads: one at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/sink_area.hpp"

namespace zinit {

class KeptTexts {
 public:
  /// From now on texts are kept in `area`, in the queue `label`. May throw std::bad_alloc.
  /// @return  the texts that the previous image left there. They are kept already.
  [[nodiscard]] std::vector<std::string> begin(std::shared_ptr<SinkArea> area, std::string label);

  /// Keeps a text behind all others. A text larger than a piece is left in several pieces if
  /// `may_cut` is set. Returns false if the text was not kept: it is empty, too large, or there is
  /// no area. If this throws std::bad_alloc, the text was not kept either.
  [[nodiscard]] bool add(std::string_view text, bool may_cut);

  /// The first `bytes` bytes of the kept texts need not be kept any more.
  void took(std::size_t bytes) noexcept;

 private:
  std::shared_ptr<SinkArea> area_;
  std::string label_;
  std::deque<SinkChunk> chunks_;  // of records: size, text
  std::size_t rest_ = 0;          // bytes of the first text, if its beginning was taken
};

}  // namespace zinit
