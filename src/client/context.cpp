// What a verb works with: see context.hpp.
#include "client/context.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kPatience{30000};

/// `hint` of an error's data; empty where there is none.
std::string hint_of(const ClientError& error) {
  if (error.data().empty()) return {};
  const JsonDocument data = parse_json(error.data());
  if (!data.IsObject()) return {};
  const JsonValue* hint = json_member(data, "hint");
  return hint != nullptr && hint->IsString() ? json_string(data, "hint") : std::string();
}

/// The server's hints name methods; a person has verbs: "service.why" becomes "`zinitctl why`".
std::string with_verbs(std::string text) {
  for (const VerbRow& verb : verbs()) {
    for (const std::string_view room : {"service.", "system."}) {
      const std::string method = std::string(room).append(verb.name);
      const auto at = text.find(method);
      if (at == std::string::npos) continue;
      const auto end = at + method.size();
      if (end < text.size() && (text[end] == '_' || std::isalnum(text[end]) != 0)) continue;
      text.replace(at, method.size(), fmt::format("`zinitctl {}`", verb.name));
    }
  }
  return text;
}

/// What to do about errors that this side finds.
std::string own_hint(int code) {
  switch (code) {
    case ErrorCode::no_server: return "is zinit running? --socket PATH names another socket";
    case ErrorCode::access_denied:
      return "only root, the server's own user and members of socket_group may";
    case ErrorCode::no_answer: return "--timeout SECONDS waits longer";
    default: return {};
  }
}

}  // namespace

int exit_status_of(const ClientError& error) noexcept {
  switch (error.code()) {
    case ErrorCode::service_not_found: return ExitStatus::no_service;
    case ErrorCode::invalid_signal:
    case ErrorCode::invalid_params: return ExitStatus::usage;
    case ErrorCode::no_server:
    case ErrorCode::disconnected: return ExitStatus::no_server;
    case ErrorCode::timeout:
    case ErrorCode::no_answer: return ExitStatus::timeout;
    case ErrorCode::not_permitted:
    case ErrorCode::access_denied: return ExitStatus::not_permitted;
    default: return ExitStatus::failed;
  }
}

std::string error_words(const ClientError& error) {
  std::string words = error.what();
  std::string hint = with_verbs(hint_of(error));
  if (hint.empty()) hint = own_hint(error.code());
  if (!hint.empty()) words.append("; ").append(hint);
  return printable(words);
}

VerbContext::VerbContext(const VerbRow& row, Arguments given, Printer& printer,
                         std::optional<Milliseconds> timeout)
    : verb(row),
      arguments(std::move(given)),
      printer_(printer),
      timeout_(timeout),
      deadline_(timeout ? after(Clock::now(), *timeout) : kNever) {}

Client& VerbContext::client() {
  if (!client_) {
    const std::string path =
        arguments.has("socket") ? arguments.value("socket") : Client::default_socket();
    const auto left = time_left();
    client_ = left ? Client::connect(path, *left) : Client::connect(path);
    if (left) client_->set_timeout(left);
  }
  return *client_;
}

void VerbContext::reconnect() {
  client_.reset();
  if (timeout_) deadline_ = after(Clock::now(), *timeout_);
}

std::optional<Milliseconds> VerbContext::time_left() const {
  if (deadline_ == kNever) return std::nullopt;
  return std::max(std::chrono::ceil<Milliseconds>(deadline_ - Clock::now()), Milliseconds(0));
}

Milliseconds VerbContext::patience() const { return time_left().value_or(kPatience); }

void VerbContext::print_json(std::string_view document) {
  print(document);
  print("\n");
}

void VerbContext::flush() {
  if (auto written = printer_.flush(); !written) {
    // Whoever read, as head(1), has all that it wanted.
    if (written.error().errnum == EPIPE) throw VerbFailure{ExitStatus::done, {}, {}};
    throw VerbFailure{ExitStatus::failed, std::string(verb.name), written.error().text};
  }
}

void VerbContext::warn(std::string_view what, std::string_view why) {
  printer_.err(fmt::format("zinitctl: {}: {}\n", what, why));
}

int VerbContext::fail(int status, std::string_view what, std::string_view why) {
  if (status != ExitStatus::done) warn(what, why);
  return status;
}

int VerbContext::fail(const ClientError& error, std::string_view name) {
  std::string what(verb.name);
  if (!name.empty()) what.append(" ").append(printable(name));
  std::string why = error_words(error);
  if (error.code() == ErrorCode::service_not_found && hint_of(error).empty()) {
    if (const std::string near = nearest_service(name); !near.empty()) {
      why += fmt::format("; did you mean {}?", near);
    }
  }
  return fail(exit_status_of(error), what, why);
}

const std::vector<std::string>& VerbContext::known_names() {
  if (!known_names_) known_names_ = client().list();
  return *known_names_;
}

std::string VerbContext::nearest_service(std::string_view name) {
  try {
    return std::string(nearest(name, known_names()).value_or(""));
  } catch (const ClientError&) {
    return {};  // only a suggestion: the error itself is told
  }
}

std::vector<std::string> VerbContext::names() {
  std::vector<std::string> found;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(found, name) == found.end()) found.push_back(name);
  };
  for (const std::string& given : arguments.rest) {
    if (!is_pattern(given)) {
      add(given);
      continue;
    }
    bool any = false;
    for (const std::string& name : known_names()) {
      if (!matches(given, name)) continue;
      any = true;
      add(name);
    }
    if (!any) {
      throw VerbFailure{ExitStatus::no_service, fmt::format("{} {}", verb.name, printable(given)),
                        "no service's name matches"};
    }
  }
  return found;
}

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[") != std::string_view::npos;
}

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

}  // namespace zinit
