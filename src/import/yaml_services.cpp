// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Services in YAML: those of zinit 0.2, one a file, and those of a compose file.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <span>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/foreign_keys.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"
#include "import/yaml.hpp"

namespace zinit {

namespace {

constexpr std::string_view kYamlKeys =
    " user=service.user test=health.exec after=dependencies.requires "
    "shutdown_timeout=lifecycle.stop_timeout_ms log_file=logging.file "
    "signal.stop=lifecycle.stop_signal stop_grace_period=lifecycle.stop_timeout_ms "
    "healthcheck.interval=health.interval_ms healthcheck.timeout=health.timeout_ms "
    "healthcheck.retries=health.retries healthcheck.start_interval=health.start_interval_ms "
    "oom_score_adj=process.oom_score_adj mem_limit=resources.memory_max "
    "cpus=resources.cpu_max deploy.resources.limits.memory=resources.memory_max "
    "deploy.resources.limits.cpus=resources.cpu_max "
    "deploy.resources.limits.pids=resources.pids_max ";

/// Tables whose members are settings of their own. In `deploy` those are the limits of a service.
constexpr std::string_view kTables[] = {"signal", "healthcheck", "deploy", "deploy.resources",
                                        "deploy.resources.limits"};

/// Keys of compose(1) for which the table of foreign words names a key that counts differently.
struct OtherMeaning {
  std::string_view key, reason, ours;
};
constexpr OtherMeaning kOtherMeanings[] = {
    {"mem_reservation", "it keeps memory for the service; memory_high is a limit",
     "resources.memory_high"},
    {"memswap_limit", "it counts memory and swap together; swap_max counts swap alone",
     "resources.swap_max"},
    {"cpu_shares", "its default is 1024, that of cpu_weight is 100", "resources.cpu_weight"},
};

/// A value within another one, as YAML in brackets. Quotes would grow with each level.
std::string flow_of(const Value& value) {
  if (value.type == ValueType::string) return value.string;
  std::vector<std::string> parts;
  for (const Value& element : value.array) parts.push_back(flow_of(element));
  for (const auto& [name, member] : value.table)
    parts.push_back(fmt::format("{}: {}", name, flow_of(member.value)));
  return fmt::format("{}{}{}", value.type == ValueType::array ? "[" : "{", join(parts, ", "),
                     value.type == ValueType::array ? "]" : "}");
}

/// The value as one line: the elements of a list, or the members of a table.
std::string line_of(const Value& value) {
  std::vector<std::string> parts;
  for (const Value& element : value.array) parts.push_back(shell_quoted(flow_of(element)));
  for (const auto& [name, member] : value.table)
    parts.push_back(shell_quoted(fmt::format("{}={}", name, flow_of(member.value))));
  return value.type == ValueType::string ? value.string : join(parts, " ");
}

/// The elements of a list, the keys of a table, or the text itself.
std::vector<std::string> names_of(const Value& value) {
  std::vector<std::string> names;
  for (const Value& element : value.array) names.push_back(element.string);
  for (const auto& [name, member] : value.table) names.push_back(name);
  if (value.type == ValueType::string && !value.string.empty()) names.push_back(value.string);
  return names;
}

/// Whether compose(1) reads a scalar without quotes as a number or a boolean, and gives it to the
/// container in other letters: 8 for 010, 1.5 for 1.50, true for True.
bool is_rewritten(const Value& value) {
  std::string_view text = value.string;
  if (value.integer == 0 || text.empty()) return false;
  if (text == "True" || text == "TRUE" || text == "False" || text == "FALSE") return true;
  const bool plus = text.starts_with('+');
  if (plus || text.starts_with('-')) text.remove_prefix(1);
  const std::string_view digits = "0123456789";
  if (text.empty() || (digits.find(text[0]) == text.npos && text[0] != '.') ||
      text.find_first_of(digits) == text.npos)
    return false;
  if (text.find_first_not_of("0123456789_") == text.npos)
    return plus || text.find('_') != text.npos || (text.size() > 1 && text[0] == '0');
  if (text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b"))
    return text.find_first_not_of("0123456789abcdefABCDEF_", 2) == text.npos;
  char* end = nullptr;
  (void)std::strtod(value.string.c_str(), &end);
  if (*end != '\0') return false;
  const bool leads = text[0] == '.' || (text[0] == '0' && text[1] != '.');
  return plus || leads || text.find_first_of("eE") != text.npos || text.ends_with('0') ||
         text.ends_with('.');
}

using Variables = std::map<std::string, std::string>;

/// The variables in a file .env, by the rules of compose(1).
Variables variables_of(std::string_view text) {
  Variables all;
  for_each_line(text, [&](std::string_view line, unsigned) {
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const std::size_t equals = line.find('=');
    if (equals == line.npos) return;
    std::string_view value = trim(line.substr(equals + 1));
    const char quote = value.empty() ? '\0' : value.front();
    if (quote == '"' || quote == '\'')
      value = value.substr(1, value.find(quote, 1) - 1);
    else
      value = trim(value.substr(0, value.find(" #")));
    all[std::string(trim(line.substr(0, equals)))] = value;
  });
  return all;
}

/// `text` with its variables replaced: $NAME, ${NAME}, ${NAME:-default} and similar forms; `$$` is
/// a dollar. The error names a variable without a value.
Result<std::string> with_values(std::string_view text, const Variables& variables) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      result += text[i];
      continue;
    }
    const std::string_view rest = text.substr(i + 1);
    if (rest.starts_with('$')) {
      result += text[++i];
      continue;
    }
    const bool braces = rest.starts_with('{');
    const std::size_t begin = braces ? 1 : 0;
    std::size_t end = begin;
    while (end < rest.size() && is_variable_name(fmt::format("_{}", rest[end]))) ++end;
    const std::string name(rest.substr(begin, end - begin));
    const std::size_t close = braces ? rest.find('}', end) : end;
    std::string_view more = close == rest.npos ? "" : rest.substr(end, close - end);
    if (!is_variable_name(name) || close == rest.npos || more.find('$') != more.npos)
      return failure(fmt::format("{} is no variable that can be replaced; write its value", text));
    const auto known = variables.find(name);
    // With a colon an empty value counts as unset.
    const bool colon = more.starts_with(':');
    if (colon) more.remove_prefix(1);
    const bool has = known != variables.end() && !(colon && known->second.empty());
    if (more.starts_with('+'))
      result += has ? more.substr(1) : "";
    else if (has)
      result += known->second;
    else if (more.starts_with('-'))
      result += more.substr(1);
    else
      return failure(fmt::format("{} has no value in .env; write its value", name));
    i += close + (braces ? 1 : 0);
  }
  return result;
}

/// The same for all texts of a value.
Result<void> replace_variables(Value& value, const Variables& variables) {
  if (value.type == ValueType::string) {
    auto text = with_values(value.string, variables);
    if (!text) return tl::unexpected(text.error());
    value.string = *std::move(text);
  }
  for (Value& element : value.array)
    if (auto done = replace_variables(element, variables); !done) return done;
  for (auto& [name, member] : value.table)
    if (auto done = replace_variables(member.value, variables); !done) return done;
  return {};
}

/// One service of a file in YAML. The two kinds share keys with the same names and meanings.
class YamlService {
 public:
  /// `variables` are those of compose(1); null: the file is of zinit 0.2.
  YamlService(Draft& draft, std::string file, const Variables* variables)
      : draft_(draft),
        file_(std::move(file)),
        variables_(variables),
        compose_(variables != nullptr) {}

  void read(const Value& service) {
    for (const auto& [key, member] : service.table) {
      Member own = member;
      const auto done = compose_ ? replace_variables(own.value, *variables_) : Result<void>{};
      if (done)
        take(key, own);
      else
        draft_.leave({"", key, line_of(member.value), static_cast<unsigned>(member.at.line), file_},
                     done.error().text);
    }
    std::vector<std::string> command = entrypoint_;
    command.insert(command.end(), command_.begin(), command_.end());
    if (!command.empty()) draft_.put("service.exec", words_value(command));
    if (compose_ && service.find("restart") == nullptr)
      draft_.put_text("lifecycle.restart", "never");
    if (!compose_ && draft_.find("service.oneshot") == nullptr)
      draft_.put_text("lifecycle.restart", "always");
    if (!healthcheck_) draft_.withdraw("health", "healthcheck.disable is true");
    if (draft_.find("health.exec") != nullptr)
      draft_.remark(
          compose_ ? "a service that is not healthy is stopped here, and restarted as restart says"
                   : "its test goes on after the start here; a service that fails it is stopped");
    if (compose_ && !command_.empty() && entrypoint_.empty() &&
        (service.find("image") != nullptr || service.find("build") != nullptr))
      draft_.remark(
          "if its image has an entrypoint, compose passes the command to it as arguments");
    if (draft_.find("health.exec") != nullptr) draft_.put_text("health.type", "exec");
  }

  /// The services that this one waits for until they have ended with success.
  [[nodiscard]] const std::set<std::string>& finished() const { return finished_; }

 private:
  void take(const std::string& key, const Member& member) {
    const Value& value = member.value;
    const Setting setting{"", key, line_of(value), static_cast<unsigned>(member.at.line), file_};
    if (contains(kTables, key)) {
      for (const auto& [name, inner] : value.table) take(fmt::format("{}.{}", key, name), inner);
      return;
    }
    if (compose_ && take_of_compose(setting, value)) return;
    if (key == "exec") return draft_.carry_text(setting, "service.exec", value.string);
    if (key == "environment" || key == "env") return take_environment(setting, value);
    if (key == "after")
      return draft_.carry_words(setting, "dependencies.requires", usable(names_of(value)));
    if (key == "healthcheck.disable") {
      healthcheck_ = value.string != "true";
      return draft_.met(setting);
    }
    if (key == "restart") return take_restart(setting);
    if (key == "env_file") return take_env_files(setting, value);
    if (key == "healthcheck.start_period")
      return draft_.leave(setting,
                          "it is a grace; start_timeout_ms here is a deadline as well: a "
                          "service that is not healthy by then has failed",
                          "lifecycle.start_timeout_ms");
    if (key == "healthcheck.test") return take_test(setting, value);
    if (key == "test" && value.type != ValueType::string)
      return draft_.leave(setting, "it is no command in one string", "health.exec");
    if (key == "test") return draft_.carry(setting, "health.exec", text_value(value.string));
    if (key == "log") return take_log(setting);
    if (key == "ports" || key == "expose")
      return draft_.leave(setting, "the service listens where its own settings say",
                          "service.ports");
    if (key == "container_name" || key == "init") return draft_.met(setting);
    // For by_table() the section distinguishes keys with the same name.
    const std::size_t dot = key.find('.');
    Setting inner = setting;
    if (dot != std::string::npos) inner.section = key.substr(0, dot);
    if (const std::string_view ours = plain_key(kYamlKeys, key); !ours.empty())
      return draft_.carry_text(setting, ours, upper_unit(key, setting.value));
    if (inner.section == "deploy")
      return draft_.leave(setting, foreign_meaning({}, "deploy").advice({}));
    if (dot != std::string::npos) inner.key = key.substr(dot + 1);
    draft_.by_table(inner, setting.value);
  }

  /// Takes a key that only compose(1) has, or reads otherwise. Returns whether this is one.
  bool take_of_compose(const Setting& setting, const Value& value) {
    const std::string& key = setting.key;
    const auto* const other = std::ranges::find(kOtherMeanings, key, &OtherMeaning::key);
    const std::size_t colon = key == "user" ? value.string.find(':') : std::string::npos;
    if (key == "command" || key == "entrypoint") {
      (key == "command" ? command_ : entrypoint_) = value.type == ValueType::array
                                                        ? names_of(value)
                                                        : split_words(value.string, Quoting::shell);
      draft_.met(setting);
    } else if (key == "depends_on") {
      take_dependencies(setting, value);
    } else if (key.starts_with("x-")) {
      draft_.met(setting);  // without a meaning
    } else if (other != std::end(kOtherMeanings)) {
      draft_.leave(setting, other->reason, other->ours);
    } else if (key == "profiles" && !names_of(value).empty()) {
      draft_.carry_text(setting, "service.status", "stop");
    } else if (key == "cap_add" || key == "cap_drop") {
      draft_.leave(setting, "it changes the engine's default set; write the whole set",
                   "process.capabilities");
    } else if (colon != std::string::npos) {
      draft_.put_text("service.group", value.string.substr(colon + 1));
      draft_.carry_text(setting, "service.user", value.string.substr(0, colon));
    } else {
      return false;
    }
    return true;
  }

  using Words = std::vector<std::string>;

  /// Compose writes 512m for systemd's 512M.
  static std::string upper_unit(std::string_view key, const std::string& value) {
    return plain_key(kYamlKeys, key) == "resources.memory_max" ? upper(value) : value;
  }

  static Words usable(Words names) {
    for (std::string& name : names) name = usable_name(name);
    return names;
  }

  /// Names, or a table of names with their conditions.
  void take_dependencies(const Setting& setting, const Value& value) {
    Words needed, wanted;
    for (const std::string& name : names_of(value)) {
      const Member* const member = value.find(name);
      const auto has = [&](std::string_view key, std::string_view text) {
        const Member* const its = member == nullptr ? nullptr : member->value.find(key);
        return its != nullptr && its->value.string == text;
      };
      (has("required", "false") ? wanted : needed).push_back(usable_name(name));
      if (has("condition", "service_completed_successfully")) finished_.insert(usable_name(name));
      if (has("restart", "true"))
        draft_.leave(
            {"", fmt::format("{}.{}.restart", setting.key, name), "true", setting.line, file_},
            "binds_to would stop it whenever the other one ends", "dependencies.binds_to");
    }
    if (needed.empty())
      draft_.met(setting);
    else
      draft_.carry_words(setting, "dependencies.requires", needed);
    if (wanted.empty()) return;
    draft_.add("dependencies.wants", words_value(wanted));
    draft_.add("dependencies.after", words_value(wanted));
  }

  void take_environment(const Setting& setting, const Value& value) {
    constexpr std::string_view kNoValue = "has no value here; write one";
    // Compose takes the value of such a variable from its caller.
    const auto leave = [&](const std::string& name, std::string_view why) {
      draft_.leave({"", setting.key, name, setting.line, file_}, fmt::format("{} {}", name, why),
                   "service.env");
    };
    Value env{.type = ValueType::table};
    for (const auto& [name, member] : value.table) {
      if (compose_ && member.value.boolean)
        leave(name, kNoValue);
      else if (compose_ && is_rewritten(member.value))
        leave(name, "is a number or boolean that compose writes otherwise; quote it");
      else
        env.table[name].value = text_value(member.value.string);
    }
    for (const Value& element : value.array) {
      const std::size_t equals = element.string.find('=');
      if (equals == std::string::npos)
        leave(element.string, kNoValue);
      else
        env.table[element.string.substr(0, equals)].value =
            text_value(element.string.substr(equals + 1));
    }
    if (!env.table.empty() || (value.table.empty() && value.array.empty()))
      draft_.carry(setting, "service.env", std::move(env));
  }

  void take_restart(const Setting& setting) {
    const std::string& value = setting.value;
    const std::size_t colon = value.find(':');
    if (colon != value.npos) {
      // 0 would mean no limit
      const auto most = parse_integer(std::string_view(value).substr(colon + 1));
      if (!most || *most < 1) return draft_.leave(setting, kNoSuchValue, "lifecycle.restart");
      draft_.put("lifecycle.max_restarts", number_value(*most));
    }
    draft_.carry_text(setting, "lifecycle.restart",
                      value == "no" || value == "false" ? "never"
                      : value == "unless-stopped"       ? "always"
                                                        : std::string_view(value).substr(0, colon));
  }

  void take_env_files(const Setting& setting, const Value& value) {
    Words paths = names_of(value.type == ValueType::table ? one_of(value) : value);
    const std::vector<Value> elements =
        value.type == ValueType::table ? std::vector{value} : value.array;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      std::string& path = paths[i];
      const bool described = i < elements.size() && elements[i].type == ValueType::table;
      const Member* const its = described ? elements[i].find("path") : nullptr;
      const Member* const required = described ? elements[i].find("required") : nullptr;
      if (described && (its == nullptr || elements[i].find("format") != nullptr))
        return draft_.leave(setting, kNoSuchValue, "service.env_file");
      if (its != nullptr) path = its->value.string;
      path = path_from(absolute(folder_of(file_)), path);
      if (required != nullptr && bool_of(required->value.string) == false) path.insert(0, "-");
    }
    draft_.carry_words(setting, "service.env_file", paths);
  }

  /// ["CMD", "program"], ["CMD-SHELL", "line"], ["NONE"] or a line.
  void take_test(const Setting& setting, const Value& value) {
    Words words = names_of(value);
    const bool list = value.type == ValueType::array && !words.empty();
    const std::string kind = list ? words.front() : "";
    if (kind == "NONE") return draft_.met(setting);
    if (list && kind != "CMD" && kind != "CMD-SHELL")
      return draft_.leave(setting, "such a list begins with CMD, CMD-SHELL or NONE", "health.exec");
    if (list) words.erase(words.begin());
    if (words.empty() || (kind != "CMD" && words.size() > 1))
      return draft_.leave(setting, kNoSuchValue, "health.exec");
    draft_.carry(setting, "health.exec",
                 kind == "CMD" ? words_value(words) : text_value(words.front()));
  }

  /// The destination of output in zinit 0.2. "ring" is the buffer that is always kept.
  void take_log(const Setting& setting) {
    if (setting.value == "ring") return draft_.met(setting);
    if (setting.value == "stdout")
      return draft_.carry(setting, "logging.console", bool_value(true));
    draft_.by_table(setting, setting.value);
  }

  Draft& draft_;
  const std::string file_;
  const Variables* const variables_;
  const bool compose_;
  Words entrypoint_, command_;
  std::set<std::string> finished_;
  bool healthcheck_ = true;
};

/// The documents of a file; nothing, with a fault, if it cannot be read.
std::vector<Value> documents_at(const std::string& path, Imported& to) {
  const auto text = read_source(path, to);
  if (!text) return {};
  auto documents = read_yaml(*text);
  if (!documents)
    to.fault(path, documents.error().text);
  else if (documents->empty())
    to.fault(path, "is empty");
  return documents ? *std::move(documents) : std::vector<Value>();
}

/// The services of all documents. A service that several of them have is left with a fault, because
/// compose(1) merges its parts.
std::map<std::string, Value> services_of(std::vector<Value> documents, const std::string& path,
                                         Imported& to) {
  std::map<std::string, Value> services;
  std::set<std::string> several;
  for (Value& document : documents) {
    if (document.find("include") != nullptr)
      to.part(path, "include is not read: import the files that it names as well");
    const auto found = document.table.find("services");
    if (found == document.table.end()) continue;
    for (auto& [name, member] : found->second.value.table)
      if (!services.emplace(name, std::move(member.value)).second) several.insert(name);
  }
  if (services.empty()) to.fault(path, "has no services");
  for (const std::string& name : several) {
    services.erase(name);
    to.fault(path, fmt::format("{} is in several documents; write it in one of them", name));
  }
  return services;
}

}  // namespace

void import_zinit_yaml(const std::string& path, Imported& to) {
  const std::vector<Value> documents = documents_at(path, to);
  if (documents.empty()) return;
  if (documents.size() > 1)
    return to.fault(path, "has several documents; a service of zinit 0.2 is a file");
  if (documents.front().find("exec") == nullptr)
    return to.fault(path, "has no exec, as a service of zinit 0.2 has");
  std::string_view stem = last_part(path);
  Draft draft = new_draft(stem.substr(0, stem.rfind('.')), path);
  YamlService(draft, path, nullptr).read(documents.front());
  to.add(std::move(draft));
}

void import_compose(const std::string& path, Imported& to) {
  std::vector<Value> documents = documents_at(path, to);
  if (documents.empty()) return;
  const std::string env = fmt::format("{}/.env", folder_of(path));
  const Variables variables = variables_of(read_if_there(env, to).value_or(""));
  std::set<std::string> finished;
  const std::size_t first = to.drafts.size();
  for (const auto& [name, service] : services_of(std::move(documents), path, to)) {
    Draft draft = new_draft(name, fmt::format("{}:{}", path, name));
    YamlService reader(draft, path, &variables);
    reader.read(service);
    finished.insert(reader.finished().begin(), reader.finished().end());
    const Value* const exec = draft.find("service.exec");
    const auto lost = std::ranges::find_if(draft.left(), [](const LeftSetting& one) {
      return one.setting.key == "command" || one.setting.key == "entrypoint";
    });
    if (lost != draft.left().end())
      to.part(path, fmt::format("{}: {}: {}", name, lost->setting.key, lost->reason));
    else if (exec == nullptr)
      to.part(path, fmt::format("{} has no command: its image says what it runs", name));
    else if (!exec->array.empty() && exec->array.front().string.starts_with('-'))
      to.part(path, fmt::format("{} has only arguments: its image says what gets them", name));
    else
      to.add(std::move(draft));
  }
  for (Draft& draft : std::span(to.drafts).subspan(first))
    if (finished.contains(draft.name())) draft.put_flag("service.oneshot", true);
}

}  // namespace zinit
