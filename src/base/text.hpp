// Small text tools: splitting, joining, nearest names, safe display of foreign bytes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

/// The parts between `separator`s, empty ones too; one empty part for an empty text.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// Without blanks, tabs and line ends at both sides.
[[nodiscard]] std::string_view trim(std::string_view text);

[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);

/// The whole of `text` as a decimal integer; nothing where it is no such number or does not fit.
[[nodiscard]] std::optional<long long> parse_integer(std::string_view text);

/// The one of `known` nearest to `word` by edits (insert, delete, replace, swap), where it is near
/// enough to be meant: at most a third of the word's length, at least 1 and at most 3 edits. There
/// is none for a word of more than 128 bytes, which no name has; so `known` bounds the cost.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> known);
/// The same, for names that are strings.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string> known);

[[nodiscard]] bool valid_utf8(std::string_view text) noexcept;

/// The bytes up to the first that begins no valid UTF-8; all where there is none.
[[nodiscard]] std::size_t valid_length(std::string_view text) noexcept;

/// At most `limit` bytes of `text`, not ending inside a character.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t limit) noexcept;

/// `text` for a message: what is beyond `limit` bytes is shown as "...".
[[nodiscard]] std::string shortened(std::string_view text, std::size_t limit);

/// Each byte that is not part of valid UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string to_utf8(std::string_view bytes);

/// Safe on a terminal: control characters (C0, DEL, C1) as \xNN, invalid UTF-8 as U+FFFD. A tab
/// stays.
[[nodiscard]] std::string printable(std::string_view bytes);

/// The number of terminal cells that UTF-8 `text` takes, one a code point (no wide or combining
/// ones).
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

}  // namespace zinit
