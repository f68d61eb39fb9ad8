// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The names that other init systems have for a key or section: for messages about unknown ones, and
// for `zinitctl import`.
//
// test/unit/config/foreign_keys.cpp has the words as the manuals of the other systems list them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace zinit {

struct Key;

/// In place of our key: zinit has no such thing, and the remark says what to do instead.
inline constexpr std::string_view kNoSuchKey = "-";
/// In place of our key: the remark is the whole advice.
inline constexpr std::string_view kAdvice = "";

/// One row of the table of other init systems' words.
struct ForeignWord {
  std::string_view theirs;   // names in lower case, without - and _, separated by blanks
  std::string_view section;  // the section in which they mean this, in the same form; empty: any
  std::string_view ours;     // "SECTION.KEY", kNoSuchKey or kAdvice
  std::string_view remark = {};
};

/// The words and sections of systemd, supervisord, dinit, OpenRC, runit, s6, finit, Horust, compose
/// files and zinit's predecessor, from their manuals. Any thread.
[[nodiscard]] std::span<const ForeignWord> foreign_words() noexcept;
[[nodiscard]] std::span<const ForeignWord> foreign_sections() noexcept;

/// The meaning of another init system's key.
struct ForeignMeaning {
  const Key* key = nullptr;    // our key; null: none
  std::string_view ours = {};  // its name, kNoSuchKey or kAdvice
  std::string_view remark = {};

  /// Whether the table has the key.
  [[nodiscard]] bool known() const noexcept { return key != nullptr || !remark.empty(); }
  /// Advice for a user who writes the key in the section `in`: `write "exec"`. Empty if the key is
  /// unknown.
  [[nodiscard]] std::string advice(std::string_view in) const;
};

/// Finds the key `name` of another init system, which is in `section` (our name or theirs) or in no
/// section. Also finds a key of another section, or a key that differs only in case, `-` and `_`.
/// Any thread.
[[nodiscard]] ForeignMeaning foreign_meaning(std::string_view section, std::string_view name);

/// What to write in place of another init system's key `name`, to follow "unknown key": `; write
/// "exec"`, or `; write "requires" in [dependencies]`. For `section` see foreign_meaning(). Empty:
/// no similar key is known. Any thread.
[[nodiscard]] std::string foreign_key(std::string_view section, std::string_view name);

/// The same for sections. Empty: no other init system has this section.
[[nodiscard]] std::string foreign_section(std::string_view name);

/// Our section that differs from `name` only in case, `-` and `_`; empty if there is none.
[[nodiscard]] std::string_view same_section(std::string_view name);

}  // namespace zinit
