// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A service file in the making, from the settings of another init.
//
// The reader for a kind of file passes each setting to the draft in one of four ways: carried over
// to one of our keys, met without a key, by the table of foreign words, or left with a reason. So
// each setting is counted, and none gets lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/value.hpp"

namespace zinit {

struct Key;

/// One setting of another init, as it was read.
struct Setting {
  // Defined in draft.cpp, like those of the classes below: many places create and destroy them, and
  // this keeps the client small.
  Setting(std::string_view section, std::string_view key, std::string_view value, unsigned line,
          std::string_view file);
  Setting(const Setting& other);
  Setting(Setting&& other) noexcept;
  Setting& operator=(const Setting& other);
  Setting& operator=(Setting&& other) noexcept;
  ~Setting();

  std::string section;
  std::string key;
  std::string value;
  unsigned line;     // from 1; 0: it is a file of its own, or has no line
  std::string file;  // path of its file
};

/// A setting that could not be carried over.
struct LeftSetting {
  Setting setting;
  std::string reason;
  const Key* place = nullptr;  // the key at which its comment is put; null: end of the main section
};

class Draft {
 public:
  /// `name` is the service's name. `source` is what it is made from, in words for people.
  Draft(std::string_view name, std::string_view source);
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&& other) noexcept;
  ~Draft();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const Value& document() const { return document_; }
  [[nodiscard]] const std::vector<LeftSetting>& left() const { return left_; }
  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] const std::vector<std::string>& refusals() const { return refusals_; }
  [[nodiscard]] int carried() const { return carried_; }
  [[nodiscard]] int settings() const {
    return carried_ + unnamed_ + static_cast<int>(left_.size());
  }
  [[nodiscard]] bool is_template() const { return name_.ends_with('@'); }
  [[nodiscard]] const char* main_section() const { return is_target_ ? "target" : "service"; }

  void make_target() { is_target_ = true; }
  /// Whether the file may have a key: a target has few sections.
  [[nodiscard]] bool may_have(std::string_view ours) const {
    return !is_target_ || ours.starts_with("target.") || ours.starts_with("dependencies.");
  }

  // For settings. `ours` is "SECTION.KEY".

  /// Carries `setting` over as `value`: replaces the earlier value, or adds to an array or a table.
  /// Leaves the setting with a reason if the key does not allow the value.
  void carry(const Setting& setting, std::string_view ours, Value value);
  /// The same for a value as text, which is read by the key's type.
  void carry_text(const Setting& setting, std::string_view ours, std::string_view text);
  /// The same for a list of separate words.
  void carry_words(const Setting& setting, std::string_view ours,
                   const std::vector<std::string>& words);
  /// Counts a setting that needs no key here.
  void met(const Setting& setting);
  /// Carries the setting over by the table of foreign words, or leaves it with the table's advice.
  void by_table(const Setting& setting, std::string_view text);
  /// Leaves the setting with the advice of the table of foreign words.
  void leave_by_table(const Setting& setting);
  /// Leaves a setting. `ours` is the place of its comment, or empty.
  void leave(const Setting& setting, std::string_view reason, std::string_view ours = {});

  // For consequences of several settings together, or of the kind of file.

  /// From now on only one setting may set a key with one value: another setting with another value
  /// is left. For kinds in which the order of lines has no meaning.
  void one_setting_each() { one_each_ = true; }
  /// Removes a key, and leaves the settings that set it, with a reason. If `ours` is a section, or
  /// a key that its section lacks, removes the whole section. Returns whether any was removed.
  bool withdraw(std::string_view ours, std::string_view reason);
  /// Sets the value of a key, whatever its earlier value.
  void put(std::string_view ours, Value value);
  void put_text(std::string_view ours, std::string_view text);
  void put_flag(std::string_view ours, bool flag);
  /// Adds those elements of an array, or members of a table, that are not there yet.
  void add(std::string_view ours, Value value);
  /// Adds a variable to the service's environment.
  void add_variable(const std::string& name, Value value);
  /// Removes a section.
  void drop_section(const std::string& section) { document_.table.erase(section); }
  /// The value so far; null if there is none.
  [[nodiscard]] const Value* find(std::string_view ours) const;

  /// The file must not be written, because it would not do the same as its source.
  void refuse(std::string_view reason) { refusals_.emplace_back(reason); }
  /// Adds a line to the summary, with a fact that its reader must know.
  void remark(std::string_view text);
  /// Adds a line to the comment at the start of the file.
  void note(std::string_view text);

 private:
  std::string name_;
  std::string source_;
  bool is_target_ = false;
  Value document_{};
  std::vector<LeftSetting> left_;
  std::vector<std::string> remarks_;
  std::vector<std::string> notes_;
  std::vector<std::string> refusals_;
  int carried_ = 0;
  bool one_each_ = false;
  std::vector<LeftSetting> given_;  // carried settings; `place` is the key that each has set
  int unnamed_ = 0;                 // settings left beyond those that are kept
};

// Values in the form of service files.
[[nodiscard]] Value number_value(std::int64_t number);
[[nodiscard]] Value bool_value(bool value);
[[nodiscard]] Value words_value(const std::vector<std::string>& words);
/// An array with `value` as its only element: one command of several.
[[nodiscard]] Value one_of(Value value);

/// "yes", "true", "on", "1" and their opposites, in any case; nothing for other words.
[[nodiscard]] std::optional<bool> bool_of(std::string_view text);

/// A time in another init's notation, in milliseconds. A plain number counts seconds.
[[nodiscard]] std::optional<std::int64_t> milliseconds_of(std::string_view text);

/// "50MB", "512k" as a number of bytes, with units of powers of 1024; nothing for other texts.
[[nodiscard]] std::optional<std::int64_t> bytes_of_text(std::string_view text);

/// Why a value is not taken, in words.
inline constexpr const char* kNoSuchValue = "the value has no meaning here";
/// Why a target does not get a key.
inline constexpr const char* kTargetHasNone = "a target runs nothing, so it has no such key";

}  // namespace zinit
