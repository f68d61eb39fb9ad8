// A service file in the making, and what another init's settings become in it.
//
// A reader of one kind of file gives each setting to the draft in one of four ways: carried over to
// a key of ours, met without a key, by the table of foreign words, or left with a reason. So each
// setting is counted, and none gets lost.
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
  // Defined in draft.cpp, as for the classes below: many places make and drop them, and the client
  // is to stay small.
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
  std::string file;  // path of the file that has it
};

/// A setting that could not be carried over.
struct LeftSetting {
  Setting setting;
  std::string reason;
  const Key* place =
      nullptr;  // the comment stands at this key; null: at the end of the main section
};

class Draft {
 public:
  /// `name` is that of the service; `source` is what it is made from, as people know it.
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

  void set_source(std::string source) { source_ = std::move(source); }
  void make_target() { is_target_ = true; }
  /// Whether the file may have a key: a target has few sections.
  [[nodiscard]] bool may_have(std::string_view ours) const {
    return !is_target_ || ours.starts_with("target.") || ours.starts_with("dependencies.");
  }

  // Of settings. `ours` is "SECTION.KEY".

  /// Carries `setting` over as `value`: replaces the value so far, or, for an array or a table that
  /// is given for one, adds to it. Leaves the setting with a reason if the key does not allow it.
  void carry(const Setting& setting, std::string_view ours, Value value);
  /// The same for a value as it was written: it is read as the key's type demands.
  void carry_text(const Setting& setting, std::string_view ours, std::string_view text);
  /// The same for a list whose words are separated already.
  void carry_words(const Setting& setting, std::string_view ours,
                   const std::vector<std::string>& words);
  /// Counts a setting that needs no key here.
  void met(const Setting& setting);
  /// Carries the setting over as the table of foreign words says, or leaves it with what the table
  /// advises.
  void by_table(const Setting& setting, std::string_view text);
  /// Leaves the setting with what the table of foreign words advises.
  void leave_by_table(const Setting& setting);
  /// Leaves a setting; `ours` is where its comment stands, or empty.
  void leave(const Setting& setting, std::string_view reason, std::string_view ours = {});

  // What follows from several settings together, or from the kind of the file.

  /// From now on a key that has one value is set by one setting: another one that gives it another
  /// value is left. For kinds whose order of lines means nothing.
  void one_setting_each() { one_each_ = true; }
  /// Takes a key out, and leaves the settings that gave it, with a reason; or all keys of a
  /// section, if `ours` names it, or a key that it lacks. Returns whether something was taken out.
  bool withdraw(std::string_view ours, std::string_view reason);
  /// Sets the value of a key, whatever it was.
  void put(std::string_view ours, Value value);
  void put_text(std::string_view ours, std::string_view text);
  void put_flag(std::string_view ours, bool flag);
  /// Adds the elements of an array, or the members of a table, that are not there yet.
  void add(std::string_view ours, Value value);
  /// Takes a section out.
  void drop_section(const std::string& section) { document_.table.erase(section); }
  /// The value so far; null if there is none.
  [[nodiscard]] const Value* find(std::string_view ours) const;

  /// The file is not written, because it would do something else than what it is made from.
  void refuse(std::string_view reason) { refusals_.emplace_back(reason); }
  /// Adds a line for the summary: something that its reader has to know.
  void remark(std::string_view text);
  /// Adds a line to the comment at the beginning of the file.
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
  std::vector<LeftSetting> given_;  // carried settings; `place` is the key that each has given
  int unnamed_ = 0;  // settings left beyond those that are kept
};

// Values as service files have them.
[[nodiscard]] Value number_value(std::int64_t number);
[[nodiscard]] Value bool_value(bool value);
[[nodiscard]] Value words_value(const std::vector<std::string>& words);
/// An array with `value` as its element: one command of several.
[[nodiscard]] Value one_of(Value value);

/// "yes", "true", "on", "1" and their opposites, in any case; nothing if it is neither.
[[nodiscard]] std::optional<bool> bool_of(std::string_view text);

/// A time as other inits write it, in milliseconds: a number alone counts seconds.
[[nodiscard]] std::optional<std::int64_t> milliseconds_of(std::string_view text);

/// "50MB", "512k" as a number of bytes, with units of powers of 1024; nothing if it is none.
[[nodiscard]] std::optional<std::int64_t> bytes_of_text(std::string_view text);

/// Why a value is not taken, in words.
inline constexpr const char* kNoSuchValue = "the value has no meaning here";
/// Why a target does not get a key.
inline constexpr const char* kTargetHasNone = "a target has no such thing: it runs nothing";

}  // namespace zinit
