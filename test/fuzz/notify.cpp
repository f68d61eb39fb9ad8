// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the reader of notify messages: any message gives usable fields, and lines that are cut
// off, or put before other lines, do not change the fields of the others.
#include "fuzz/fuzz.hpp"

#include "io/notify_message.hpp"

namespace zinit::fuzz {
namespace {

/// Checks what the rest of zinit relies on.
void check(const NotifyMessage& message) {
  require(!message.main_pid || *message.main_pid > 0);
  require(!message.watchdog_usec || *message.watchdog_usec > 0);
  require(message.fd_name.find_first_of(": \n") == std::string::npos);
  require(message.fd_name == printable(message.fd_name));
  if (!message.status) return;
  require(message.status->size() <= kStatusTextMax);
  require(valid_utf8(*message.status));
  require(message.status->find('\n') == std::string::npos);
}

bool same(const NotifyMessage& a, const NotifyMessage& b) {
  return a.ready == b.ready && a.reloading == b.reloading && a.stopping == b.stopping &&
         a.alive == b.alive && a.trigger == b.trigger && a.store == b.store &&
         a.remove == b.remove && a.fd_name == b.fd_name && a.status == b.status &&
         a.main_pid == b.main_pid && a.extend_usec == b.extend_usec &&
         a.watchdog_usec == b.watchdog_usec;
}

}  // namespace

std::set<std::string> words() {
  return words_in(
      "READY=1 RELOADING=1 STOPPING=1 WATCHDOG=1 WATCHDOG=trigger FDSTORE=1 FDSTOREREMOVE=1 "
      "FDNAME= STATUS= MAINPID= EXTEND_TIMEOUT_USEC= WATCHDOG_USEC= \n 18446744073709551616 "
      "2147483648");
}

void look_at(std::string_view input) {
  const std::string text(input);
  const NotifyMessage message = parse_notify_message(text);
  check(message);
  require(same(message, parse_notify_message("\nX_OTHER=1\nREADY\n" + text + "\n=\n")));
  require(parse_notify_message(text + "\nREADY=1").ready);
}

}  // namespace zinit::fuzz
