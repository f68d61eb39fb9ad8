// What other init systems call a key or section: for messages about unknown ones, and for
// `zinitctl import`.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace zinit {

struct Key;

/// In place of a key of ours: there is no such thing here, and the remark says what to do instead.
inline constexpr std::string_view kNoSuchKey = "-";
/// In place of a key of ours: the remark says what to write, as a whole.
inline constexpr std::string_view kAdvice = "";

/// One row of the table of other init systems' words.
struct ForeignWord {
  std::string_view theirs;   // names in lower case and without - and _, with blanks between them
  std::string_view section;  // the section in which they mean this, likewise; empty: in any
  std::string_view ours;     // "SECTION.KEY", kNoSuchKey or kAdvice
  std::string_view remark = {};
};

/// The words of systemd, supervisord, dinit, OpenRC, runit, s6, finit, Horust, compose files and
/// zinit's predecessor, as their manuals list them; and their sections. Any thread.
[[nodiscard]] std::span<const ForeignWord> foreign_words() noexcept;
[[nodiscard]] std::span<const ForeignWord> foreign_sections() noexcept;

/// What a key of another init system means here.
struct ForeignMeaning {
  const Key* key = nullptr;    // ours; null: there is none
  std::string_view ours = {};  // its name, kNoSuchKey or kAdvice
  std::string_view remark = {};

  /// Whether the table has the key.
  [[nodiscard]] bool known() const noexcept { return key != nullptr || !remark.empty(); }
  /// What to do for somebody who writes it in the section `in`, in words: `write "exec"`. Empty if
  /// the key is not known.
  [[nodiscard]] std::string advice(std::string_view in) const;
};

/// Finds the key `name` of another init system, which stands in `section`, ours or theirs, or in
/// none. A key of another section, or one that only differs in case, `-` and `_`, is found too.
/// Any thread.
[[nodiscard]] ForeignMeaning foreign_meaning(std::string_view section, std::string_view name);

/// What to write for a key of another init system in place of `name`, in words that follow
/// "unknown key": `; write "exec"`, or `; write "requires" in [dependencies]`. `section` is the one
/// that it stands in, as for foreign_meaning(). Empty: nothing like it is known. Any thread.
[[nodiscard]] std::string foreign_key(std::string_view section, std::string_view name);

/// The same for sections. Empty: it is no section of another init system.
[[nodiscard]] std::string foreign_section(std::string_view name);

/// The section of ours that differs from `name` in case, `-` and `_` alone; empty if there is none.
[[nodiscard]] std::string_view same_section(std::string_view name);

}  // namespace zinit
