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

/// The exit statuses of zinitctl: control.md, "Exit status".
struct ExitStatus {
  enum : int {
    done = 0,
    failed = 1,
    usage = 2,
    not_running = 3,
    no_service = 4,  // or no proxy
    no_server = 5,
    timeout = 6,
    not_permitted = 7,
  };
};

/// The exit status that an error leads to.
[[nodiscard]] int exit_status_of(const ClientError& error) noexcept;

/// The error in words, with the server's hint where it has one.
[[nodiscard]] std::string error_words(const ClientError& error);

/// Thrown by a verb that cannot go on. With the status `done`, nothing is printed.
struct VerbFailure {
  int status;
  std::string why;
  std::string name{};  // the service that it is about; empty if it is about none
};

class VerbContext {
 public:
  /// `timeout` is the value of --timeout; it begins to run now.
  VerbContext(const VerbRow& verb, Arguments arguments, Printer& printer,
              std::optional<Milliseconds> timeout);

  const VerbRow& verb;
  Arguments arguments;

  [[nodiscard]] bool json() const { return arguments.has("json"); }
  [[nodiscard]] const Terminal& terminal() const { return printer_.terminal(); }

  /// The connection, made at the first call. Throws ClientError.
  [[nodiscard]] Client& client();

  /// How many connections have been made: subscriptions are those of one.
  [[nodiscard]] unsigned connections() const noexcept { return connections_; }

  /// Closes the connection, if there is one. The next call of client() makes another one, and
  /// --timeout begins to run anew: for verbs that have waited for the user in between.
  void reconnect();

  /// Calls attempt(), which asks and waits, and returns what it returns. A server that executes
  /// itself anew closes all connections, and what was asked on them is forgotten: when that happens
  /// this connects again and calls attempt() once more, which goes on from where it was. Throws
  /// what attempt() throws, and `disconnected` too where the server has ended.
  template <class Attempt>
  auto over_reexecutions(Attempt attempt) {
    while (true) {
      try {
        return attempt();
      } catch (const ClientError& error) {
        connect_again(error);
      }
    }
  }

  /// The same for what is followed without end: that the server has ended is all there is to say.
  template <class Attempt>
  auto follow(Attempt attempt) {
    try {
      return over_reexecutions(attempt);
    } catch (const ClientError& error) {
      tell_gone(error);
    }
  }

  /// To be called by an attempt that has had its answers: it was not they that ended the server's
  /// image, so it may be repeated as often as need be.
  void answered() noexcept { fruitless_ = 0; }

  /// Connects again after the server has closed the connection. False if that has ended, or another
  /// is in its place: then there is no connection.
  [[nodiscard]] bool server_goes_on();

  /// What is left of --timeout; nothing if there is no limit.
  [[nodiscard]] std::optional<Milliseconds> time_left() const;

  /// Makes a call whose answer may take long: waits until --timeout, or without a limit.
  [[nodiscard]] std::string call_patiently(const char* method, const std::string& params);

  /// How long to wait for an answer that the server gives at once: what is left of --timeout, or
  /// else the library's own limit.
  [[nodiscard]] Milliseconds patience() const;

  void print(std::string_view text) { printer_.out(text); }
  /// Prints on standard error.
  void print_error(std::string_view text) { printer_.err(text); }
  /// Prints one JSON document, made safe for a terminal, and a line end.
  void print_json(std::string_view document);
  /// Prints a result: `json` with --json, else `text`. Returns ExitStatus::done.
  int print_result(std::string_view json, std::string_view text);
  /// Writes what was printed so far, for verbs that run on. Throws VerbFailure if nobody reads it
  /// any more.
  void flush();

  /// Prints "zinitctl: WHAT: WHY" on standard error, with control characters escaped.
  void complain(std::string_view what, std::string_view why);
  /// Prints "zinitctl: VERB NAME: WHY", or "zinitctl: VERB: WHY" if `name` is empty, about
  /// something that was done nevertheless.
  void warn(std::string_view name, std::string_view why);
  /// Prints the same and returns `status`; prints nothing if that is ExitStatus::done.
  int fail(int status, std::string_view name, std::string_view why);
  /// The same for an error of the server or the connection. If the service does not exist, the
  /// most similar name is printed, too.
  int fail(const ClientError& error, std::string_view name);
  /// The same for what was given to the server to keep: prints each fault that it has found there.
  int fail_faults(const ClientError& error, std::string_view name);

  /// The names on the command line, in order and without repetition. A shell pattern stands for all
  /// names that it matches; if it matches none, VerbFailure (no_service) is thrown. `known` returns
  /// the names that there are; default: those of the server's services.
  using KnownNames = std::function<std::vector<std::string>()>;
  [[nodiscard]] std::vector<std::string> names(const KnownNames& known = {});

  /// Calls `act` for each of names(): it prints its result with print_result() and returns the exit
  /// status. With --json the result is that of the one name, or an array of several results; if all
  /// succeed and none has a result, nothing is printed. What `act` throws about a name is printed,
  /// and the next name follows; an error of the connection is thrown. Called once more after that,
  /// this goes on with the name that was not done. Returns the first status that is not `done`.
  int for_each_name(const std::function<int(const std::string& name)>& act,
                    const KnownNames& known = {});
  /// The name that for_each_name() is at, or was when an error ended it; else empty.
  [[nodiscard]] std::string current_name() const {
    return finished_ < each_.size() ? each_[finished_] : std::string();
  }

 private:
  /// Throws `error` unless the server has executed itself anew.
  void connect_again(const ClientError& error);
  /// Throws `error`, or, if the server has closed the connection, that it has gone.
  [[noreturn]] static void tell_gone(const ClientError& error);

  Printer& printer_;
  const std::optional<Milliseconds> timeout_;
  TimePoint deadline_;
  std::optional<Client> client_;
  unsigned connections_ = 0;
  TimePoint connected_;  // when client_ was, or the one before it
  int fruitless_ = 0;    // connections in a row that were closed soon and without an answer
  std::optional<std::uint64_t> crashes_;  // of the server, when it was connected to again
  // for_each_name(): the names, how many of them are done, their results so far if several are to
  // be one JSON document, and the exit status.
  std::vector<std::string> each_;
  std::size_t finished_ = 0;
  std::optional<std::string> results_;
  int first_status_ = ExitStatus::done;
};

/// Connects to the server at `path`. If that is empty, to the one that $ZINIT_SOCKET names; else to
/// this user's own, or, where there is none or if `systems`, to the system's. Throws ClientError;
/// one for having found neither names both.
[[nodiscard]] Client connect_server(const std::string& path, bool systems,
                                    std::optional<Milliseconds> limit = {});

/// Whether `name` is a shell pattern.
[[nodiscard]] bool is_pattern(std::string_view name);

/// Whether the shell pattern (glob(7)) matches the whole of `name`.
[[nodiscard]] bool matches(const std::string& pattern, const std::string& name);

}  // namespace zinit
