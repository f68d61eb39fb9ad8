// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Small text tools: splitting, joining, nearest names, safe display of foreign bytes.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

/// The parts between separators, empty ones included; an empty text has one empty part.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// `text` without blanks, tabs and line ends at both sides.
[[nodiscard]] std::string_view trim(std::string_view text);

/// The part after the last slash of a path; the whole path if it has no slash.
[[nodiscard]] constexpr std::string_view last_part(std::string_view path) noexcept {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// The path without its last part: "." if it has only one, "/" if that is in the root.
[[nodiscard]] std::string folder_of(std::string_view path);

/// The path without slashes at its end; "/" stays.
[[nodiscard]] std::string without_end_slashes(std::string_view path);

/// `name` in `directory`, with a slash between them.
[[nodiscard]] std::string joined_path(std::string_view directory, std::string_view name);

[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string join(std::span<const std::string_view> parts, std::string_view separator);

/// `text` as a decimal integer; nothing if it has other characters or the number does not fit.
[[nodiscard]] std::optional<long long> parse_integer(std::string_view text);

/// The fault of a file, and what to do: "...; correct it", or behind a question "...? Correct it".
[[nodiscard]] std::string with_advice(std::string text);

/// For "did you mean": the element of `known` with the fewest edits (insert, delete, replace, swap)
/// from `word`. Nothing if that takes more edits than a third of the word's length, or more than 3;
/// one edit is allowed if it leaves more than half of the longer word: "en" may mean "env", but "b"
/// cannot mean "a". Of several, one that begins with `word`, or else the first. Nothing for a word
/// of over 128 bytes, to limit the cost.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> known);
/// The same for strings.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string> known);

[[nodiscard]] bool valid_utf8(std::string_view text) noexcept;

/// The length of the longest beginning of `text` that is valid UTF-8.
[[nodiscard]] std::size_t valid_length(std::string_view text) noexcept;

/// At most `limit` bytes of `text`; does not end inside a character.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t limit) noexcept;

/// The length of `text` without an incomplete character at its end. All of `text` counts if it has
/// nothing else, or is not UTF-8 before this character.
[[nodiscard]] std::size_t whole_length(std::string_view text) noexcept;

/// "1 line", "2 lines": a number and a noun whose plural ends in s, or in es
/// after an s.
[[nodiscard]] std::string counted(std::string number, std::string_view noun);
[[nodiscard]] std::string counted(std::integral auto number, std::string_view noun) {
  return counted(std::to_string(number), noun);
}

/// `text` for a message; the rest after `limit` bytes becomes "...".
[[nodiscard]] std::string shortened(std::string_view text, std::size_t limit);

/// `text` with a-z replaced by A-Z.
[[nodiscard]] std::string upper(std::string_view text);
/// The reverse.
[[nodiscard]] std::string lower(std::string_view text);

// In ASCII, whatever the locale.
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether `word` is one of `words`, with blanks or line ends between them. Does not allocate.
[[nodiscard]] bool has_word(std::string_view words, std::string_view word) noexcept;

/// `bytes` with each byte that is not part of valid UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string to_utf8(std::string_view bytes);

/// `bytes` made safe for a terminal: control characters (C0, DEL, C1) except tabs become \xNN,
/// Unicode's controls of direction and line become \uNNNN, and invalid UTF-8 becomes U+FFFD. All
/// escapes for terminals are made here or in printable_json().
[[nodiscard]] std::string printable(std::string_view bytes);

/// The same for JSON text, which has such characters only inside strings: a parser reads \uNNNN as
/// the same character. Its blanks and line ends stay.
[[nodiscard]] std::string printable_json(std::string_view json);

/// The number of terminal cells for UTF-8 `text`, counting one per code point: wide and combining
/// characters are not considered.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

}  // namespace zinit
