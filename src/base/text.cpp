// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Small text tools: splitting, joining, nearest names, safe display of foreign bytes.
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/format.hpp"

namespace zinit {

namespace {

// Names of services have 128 bytes at most; other names that can be mistyped are shorter.
constexpr std::size_t kLongestMeant = 128;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// One character of a text.
struct Decoded {
  std::size_t length = 0;  // 0: the first byte begins no valid sequence
  char32_t code = 0;
};

/// The code point at the beginning of `text`, which is not empty. As in RFC 3629: no overlong
/// forms, no surrogates, nothing beyond U+10FFFF.
Decoded decode(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (overlong || surrogate || code > 0x10FFFF) return {};
  return {length, code};
}

/// The number of edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`;
/// `limit` for any number from `limit` on. Both have at most kLongestMeant bytes. Keeps only three
/// rows of the usual table, because a swap looks back two rows. Computes only the cells less than
/// `limit` away from the diagonal, because all others take at least `limit` edits.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  using Row = std::array<std::size_t, kLongestMeant + 1>;
  std::array<Row, 3> rows;  // each is written before it is read
  Row* before_last = &rows[0];
  Row* last = &rows[1];
  Row* row = &rows[2];
  for (std::size_t j = 0; j < std::min(b.size() + 1, limit); ++j) (*row)[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    const std::size_t from = i > limit ? i - limit + 1 : 1;
    const std::size_t to = std::min(b.size(), i + limit - 1);
    (*row)[from - 1] = from == 1 ? i : limit;
    if (i + limit - 1 <= b.size()) (*last)[to] = limit;  // the row above ends before this cell
    std::size_t least = (*row)[from - 1];
    for (std::size_t j = from; j <= to; ++j) {
      const std::size_t replaced = (*last)[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      std::size_t edits = std::min({(*last)[j] + 1, (*row)[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        edits = std::min(edits, (*before_last)[j - 2] + 1);
      (*row)[j] = edits;
      least = std::min(least, edits);
    }
    // No cell of later rows can be less than `limit` either. A swap looks back to the previous row,
    // but its cells are at least limit - 1, and the swap costs one more edit.
    if (least >= limit) return limit;
  }
  return std::min((*row)[b.size()], limit);
}

/// Gives up at once for a long word: a client may send a service name of a megabyte, and PID 1's
/// control loop would have to look for similar names.
template <class Name>
std::optional<std::string_view> nearest_of(std::string_view word, std::span<const Name> known) {
  if (word.size() > kLongestMeant) return std::nullopt;
  std::size_t least = std::clamp<std::size_t>(word.size() / 3, 1, 3) + 1;
  std::optional<std::string_view> found;
  for (const std::string_view name : known) {
    const std::size_t longer = std::max(word.size(), name.size());
    const std::size_t shorter = std::min(word.size(), name.size());
    // Of two names that are as near, the one that begins with the word is meant.
    const bool begins = found && name.starts_with(word) && !found->starts_with(word);
    const std::size_t limit = begins ? least + 1 : least;
    if (longer - shorter >= limit || longer > kLongestMeant) continue;
    const std::size_t distance = edit_distance(word, name, limit);
    // A short word that changes by half is another word.
    if (distance >= limit || 2 * distance >= longer) continue;
    least = distance;
    found = name;
  }
  return found;
}

/// Skips ASCII eight bytes at a time, because most texts are all ASCII.
std::size_t skip_ascii(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  for (std::uint64_t eight = 0; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & high_bits) != 0) break;
  }
  return at;
}

}  // namespace

std::string folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}

std::string without_end_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

std::string joined_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

namespace {

template <class Text>
std::string joined(std::span<const Text> parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text.append(i == 0 ? "" : separator).append(parts[i]);
  return text;
}

}  // namespace

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return joined(parts, separator);
}

std::string join(std::span<const std::string_view> parts, std::string_view separator) {
  return joined(parts, separator);
}

std::optional<long long> parse_integer(std::string_view text) {
  long long number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known) {
  return nearest_of(word, known);
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string> known) {
  return nearest_of(word, known);
}

std::size_t valid_length(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    at = skip_ascii(text, at);
    if (at == text.size()) break;
    const Decoded next = decode(text.substr(at));
    if (next.length == 0) break;
    at += next.length;
  }
  return at;
}

bool valid_utf8(std::string_view text) noexcept { return valid_length(text) == text.size(); }

std::string_view cut_utf8(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::size_t whole_length(std::string_view text) noexcept {
  if (text.empty() || static_cast<unsigned char>(text.back()) < 0x80) return text.size();
  const std::size_t whole = valid_length(text);
  const std::string_view begun = text.substr(whole);
  if (whole == 0 || begun.size() > 3) return text.size();
  // After some first bytes the second one has to be small, after others it has to be large.
  for (const char next : {'\x80', '\xBF'}) {
    std::string ended(begun);
    while (ended.size() < 4)
      if (valid_utf8(ended += next)) return whole;
  }
  return text.size();
}

std::string counted(std::string number, std::string_view noun) {
  const bool one = number == "1";
  number.append(" ").append(noun).append(one ? "" : noun.ends_with('s') ? "es" : "s");
  return number;
}

std::string shortened(std::string_view text, std::size_t limit) {
  return std::string(cut_utf8(text, limit)).append(text.size() > limit ? "..." : "");
}

std::string with_advice(std::string text) {
  const bool asks = text.ends_with('?');
  return text.append(asks ? " Correct" : "; correct").append(" it and run `zinitctl reload`");
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool has_word(std::string_view words, std::string_view word) noexcept {
  constexpr std::string_view between = " \n";
  for (std::size_t at = word.empty() ? words.npos : words.find(word); at != words.npos;
       at = words.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || between.find(words[at - 1]) != between.npos) &&
        (end == words.size() || between.find(words[end]) != between.npos))
      return true;
  }
  return false;
}

std::string to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Decoded next = decode(bytes);
    text += next.length == 0 ? kReplacement : bytes.substr(0, next.length);
    bytes.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  return text;
}

namespace {

struct CodeRange {
  char32_t first, last;
};

// Characters that a terminal acts on or does not show: control characters, characters that change
// the direction of text or break lines (UAX #9, 2), annotations, and all with the property
// Default_Ignorable_Code_Point (Unicode 15). In order.
constexpr CodeRange kActing[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x061C, 0x061C},
    {0x115F, 0x1160}, {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

/// Whether a terminal acts on the character instead of showing it, or does not show it.
bool acts(char32_t code) noexcept {
  const auto* const range = std::ranges::lower_bound(kActing, code, {}, &CodeRange::last);
  return range != std::end(kActing) && code >= range->first;
}

/// \uNNNN, as in JSON; two of them beyond U+FFFF.
std::string unicode_escape(char32_t code) {
  const auto unit = [](char32_t value) {
    return fmt::format("\\u{:04x}", static_cast<unsigned>(value));
  };
  if (code < 0x10000) return unit(code);
  return unit(0xD800 + ((code - 0x10000) >> 10)) + unit(0xDC00 + (code & 0x3FF));
}

/// Replaces the characters that a terminal acts on, except those in `kept`: by `short_form` below
/// U+0100, by unicode_escape() above.
std::string escaped(std::string_view bytes, std::string_view kept, const char* short_form) {
  const auto plain = [&](char c) { return (c >= 0x20 && c < 0x7F) || kept.find(c) != kept.npos; };
  if (std::ranges::all_of(bytes, plain)) return std::string(bytes);
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Decoded next = decode(bytes);
    if (next.length == 0) {
      text += kReplacement;
    } else if (acts(next.code) && !plain(bytes.front())) {
      text += next.code < 0x100
                  ? fmt::format(fmt::runtime(short_form), static_cast<unsigned>(next.code))
                  : unicode_escape(next.code);
    } else {
      text += bytes.substr(0, next.length);
    }
    bytes.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  return text;
}

}  // namespace

std::string printable(std::string_view bytes) { return escaped(bytes, "\t", "\\x{:02x}"); }

std::string printable_json(std::string_view json) { return escaped(json, "\t\r\n", "\\u{:04x}"); }

std::size_t display_width(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace zinit
