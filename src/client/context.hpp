// What a verb works with: its arguments, the connection, and how it prints its result and its
// failures.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "client/arguments.hpp"
#include "client/printer.hpp"
#include "zinit/client.hpp"

namespace zinit {

/// control.md, "Exit status".
struct ExitStatus {
  enum : int {
    done = 0,
    failed = 1,
    usage = 2,
    not_running = 3,
    no_service = 4,
    no_server = 5,
    timeout = 6,
    not_permitted = 7,
  };
};

/// The exit status that an error leads to.
[[nodiscard]] int exit_status_of(const ClientError& error) noexcept;

/// The error in words, with the server's hint where it has one.
[[nodiscard]] std::string error_words(const ClientError& error);

/// Ends a verb: thrown where it cannot go on. With `done` it says nothing.
struct VerbFailure {
  int status;
  std::string what;  // "start web"
  std::string why;
};

class VerbContext {
 public:
  /// `timeout` is that of --timeout; its time runs from here on.
  VerbContext(const VerbRow& verb, Arguments arguments, Printer& printer,
              std::optional<Milliseconds> timeout);

  const VerbRow& verb;
  Arguments arguments;

  [[nodiscard]] bool json() const { return arguments.has("json"); }
  [[nodiscard]] const Terminal& terminal() const { return printer_.terminal(); }

  /// Connects at the first call. Throws ClientError.
  [[nodiscard]] Client& client();

  /// Closes the connection, where there is one; the next call makes another, which has the whole of
  /// --timeout. For what has let somebody work in between.
  void reconnect();

  /// What is left of --timeout; nothing: as long as it takes.
  [[nodiscard]] std::optional<Milliseconds> time_left() const;

  /// For an answer that comes at once: what is left of --timeout, else what the library waits.
  [[nodiscard]] Milliseconds patience() const;

  void print(std::string_view text) { printer_.out(text); }
  /// One JSON document and a line end.
  void print_json(std::string_view document);
  /// Sends what was printed on its way, for verbs that go on; throws VerbFailure where nobody reads
  /// it.
  void flush();

  /// Says "zinitctl: WHAT: WHY" of what was done all the same.
  void warn(std::string_view what, std::string_view why);
  /// Says it and returns `status`; nothing is said where that is ExitStatus::done.
  int fail(int status, std::string_view what, std::string_view why);
  /// The same for an error about the service `name` (empty: about none), with the nearest name for
  /// one that does not exist.
  int fail(const ClientError& error, std::string_view name);

  /// The names that were given, in order and once each; a shell pattern stands for all names that
  /// it matches. Throws VerbFailure (no_service) for one that matches nothing.
  [[nodiscard]] std::vector<std::string> names();

 private:
  [[nodiscard]] const std::vector<std::string>& known_names();
  [[nodiscard]] std::string nearest_service(std::string_view name);

  Printer& printer_;
  const std::optional<Milliseconds> timeout_;
  TimePoint deadline_;
  std::optional<Client> client_;
  std::optional<std::vector<std::string>> known_names_;
};

/// Whether `name` has characters that make it a shell pattern.
[[nodiscard]] bool is_pattern(std::string_view name);
/// Whether the shell pattern (glob(7)) matches the whole of `name`.
[[nodiscard]] bool matches(const std::string& pattern, const std::string& name);

}  // namespace zinit
