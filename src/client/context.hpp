// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What a verb works with: its arguments, the connection, and how it prints its result and its
// failures.
//
// A server that executes itself again closes all connections and forgets the requests on them. So a
// verb makes its requests in an attempt for over_reexecutions(). If the connection ends, this
// connects again and repeats the attempt, which continues from its own state: for_each_name() with
// the first name that is not done, a follower with the last line that it has seen.
//
// A crash of the server looks the same to the client, and the repeated request may cause the next
// crash. So only kMostFruitless connections in a row may end soon without an answer (context.cpp).
// The count starts again if a connection has lasted for kSoon, if the attempt calls answered(), or
// if the server's own count of crashes shows that it was a re-execution.
//
// The rest of the room: verbs.inc is the table of verbs, and verb_*.cpp carry them out; entry.hpp
// runs zinitctl, power_command.cpp and telinit.cpp the commands of a machine's end. printer.hpp,
// table.hpp, words.hpp and terminal.hpp make what people read, top_*.hpp the screen of `top`.
// verb_enable.cpp and verb_mask.cpp change files without a server (service_files.hpp). script/ is
// `zinitctl script`, libzinit/ the library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
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

/// The exit status for an error.
[[nodiscard]] int exit_status_of(const ClientError& error) noexcept;

/// The error as a sentence, with the server's hint if it has one.
[[nodiscard]] std::string error_words(const ClientError& error);

/// Thrown by a verb that cannot continue. With the status `done`, nothing is printed.
struct VerbFailure {
  int status;
  std::string why;
  std::string name{};  // the service in question; empty: none
};

class VerbContext {
 public:
  /// `timeout` is the value of --timeout; its time starts now.
  VerbContext(const VerbRow& verb, Arguments arguments, Printer& printer,
              std::optional<Milliseconds> timeout);

  const VerbRow& verb;
  Arguments arguments;

  [[nodiscard]] bool json() const { return arguments.has("json"); }
  [[nodiscard]] const Terminal& terminal() const { return printer_.terminal(); }

  /// The connection. The first call connects. Throws ClientError.
  [[nodiscard]] Client& client();

  /// The number of connections so far. A subscription belongs to one of them.
  [[nodiscard]] unsigned connections() const noexcept { return connections_; }

  /// Closes the connection, if there is one. The next call of client() connects again, and the time
  /// of --timeout starts again: for verbs that have waited for the user.
  void reconnect();

  /// Calls attempt(), which makes requests and waits, and returns its result. If the server
  /// executes itself again meanwhile, this connects again and repeats attempt(), which must
  /// continue from its own state. Throws what attempt() throws; also `disconnected` if the server
  /// has ended.
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

  /// The same for verbs that follow without end: it only reports that the server has gone.
  template <class Attempt>
  auto follow(Attempt attempt) {
    try {
      return over_reexecutions(attempt);
    } catch (const ClientError& error) {
      tell_gone(error);
    }
  }

  /// An attempt calls this after it has got its answers: they did not end the previous process
  /// image, so the attempt may be repeated without limit.
  void answered() noexcept { fruitless_ = 0; }

  /// Connects again after the server has closed the connection. False if the server has ended, or
  /// another one is in its place: then there is no connection.
  [[nodiscard]] bool server_goes_on();

  /// The rest of --timeout; nothing if there is no limit.
  [[nodiscard]] std::optional<Milliseconds> time_left() const;

  /// Makes a call with a slow answer: waits until --timeout, or without a limit.
  [[nodiscard]] std::string call_patiently(const char* method, const std::string& params);

  /// How long to wait for an answer that the server gives at once: the rest of --timeout, or else
  /// the library's own limit.
  [[nodiscard]] Milliseconds patience() const;

  void print(std::string_view text) { printer_.out(text); }
  /// Prints on standard error.
  void print_error(std::string_view text) { printer_.err(text); }
  /// Prints one JSON document, made safe for a terminal, and a line end.
  void print_json(std::string_view document);
  /// Prints a result: `json` with --json, else `text`. Returns ExitStatus::done.
  int print_result(std::string_view json, std::string_view text);
  /// Writes the text printed so far, for verbs that keep running. Throws VerbFailure if the reader
  /// has gone.
  void flush();
  /// Writes what comes from subscriptions until --timeout, which it throws, or for ever.
  [[noreturn]] void follow();

  /// Prints "zinitctl: WHAT: WHY" on standard error, with control characters escaped.
  void complain(std::string_view what, std::string_view why);
  /// Prints "zinitctl: VERB NAME: WHY", or "zinitctl: VERB: WHY" if `name` is empty. For an action
  /// that was done nevertheless.
  void warn(std::string_view name, std::string_view why);
  /// Prints the same and returns `status`; prints nothing for ExitStatus::done.
  int fail(int status, std::string_view name, std::string_view why);
  /// The same for an error of the server or the connection. If the service does not exist, the text
  /// names the most similar service.
  int fail(const ClientError& error, std::string_view name);
  /// The same for a configuration given to the server: prints each fault that the server found.
  int fail_faults(const ClientError& error, std::string_view name);

  /// The names on the command line, in order and without repetition. A shell pattern stands for all
  /// names that it matches; without a match, VerbFailure (no_service) is thrown. `known` returns
  /// all existing names; by default, those of the server's services.
  using KnownNames = FunctionRef<std::vector<std::string>()>;
  [[nodiscard]] std::vector<std::string> names(KnownNames known = {});

  /// Calls `act` for each of names(). `act` prints its result with print_result() and returns the
  /// exit status. With --json, several results become one array; without any result, nothing is
  /// printed. An error of `act` about a name is printed, and the next name follows; an error of the
  /// connection is thrown. A further call continues with the name that was not done. Returns the
  /// first status that is not `done`.
  int for_each_name(FunctionRef<int(const std::string& name)> act, KnownNames known = {});
  /// The present name in for_each_name(), or the name at which an error ended it; else empty.
  [[nodiscard]] std::string current_name() const {
    return finished_ < each_.size() ? each_[finished_] : std::string();
  }

 private:
  /// Throws `error` unless the server has executed itself again.
  void connect_again(const ClientError& error);
  /// Throws `error`; if the server has closed the connection, throws that the server has gone.
  [[noreturn]] static void tell_gone(const ClientError& error);

  Printer& printer_;
  const std::optional<Milliseconds> timeout_;
  TimePoint deadline_;
  std::optional<Client> client_;
  unsigned connections_ = 0;
  TimePoint connected_;  // when client_, or the one before it, connected
  int fruitless_ = 0;    // connections in a row that were soon closed without an answer
  std::optional<std::uint64_t> crashes_;  // crashes of the server at the last reconnection
  // for_each_name(): the names, how many of them are done, the results so far if several form one
  // JSON document, and the exit status.
  std::vector<std::string> each_;
  std::size_t finished_ = 0;
  std::optional<std::string> results_;
  int first_status_ = ExitStatus::done;
};

/// Connects to the server at `path`. If `path` is empty, to the one in $ZINIT_SOCKET; otherwise to
/// this user's own server, or to the system's if there is none or if `systems` is set. Throws
/// ClientError. If neither server is found, the error names both.
[[nodiscard]] Client connect_server(const std::string& path, bool systems,
                                    std::optional<Milliseconds> limit = {});

/// The value of --lines, a number or "all", and `most` at most; nothing if it was not given.
[[nodiscard]] std::optional<std::uint32_t> given_lines(const Arguments& arguments,
                                                       std::uint32_t most);

/// Whether `name` is a shell pattern.
[[nodiscard]] bool is_pattern(std::string_view name);

/// Whether the shell pattern (glob(7)) matches the whole of `name`.
[[nodiscard]] bool matches(const std::string& pattern, const std::string& name);

}  // namespace zinit
