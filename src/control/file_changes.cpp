// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks of files: see file_changes.hpp.
#include "control/file_changes.hpp"

#include <utility>

namespace zinit {

FileChanges::FileChanges(EventLoop& loop, Look look, std::function<void()> answered)
    : look_(look),
      answered_(loop,
                [this, answered = std::move(answered)] {
                  given_up_ = false;
                  answered();
                }),
      patience_(loop, [this] { pass_time(); }),
      looks_({.name = "zinit-files", .patience = kPatience}, [this] { answered_.ask(); }) {}

FileChanges::Ticket FileChanges::ask(std::vector<SpecPtr> specs) {
  const std::size_t count = specs.size();
  const auto answers = std::make_shared<Answers>(count);
  Ticket ticket{count, Clock::now(), answers};
  if (count == 0) return ticket;
  ticket.look = looks_.ask([answers, look = look_, specs = std::move(specs)] {
    for (std::size_t i = 0; i < specs.size(); ++i) (*answers)[i] = look(*specs[i]);
  });
  last_asked_ = ticket.asked;
  if (!patience_.active()) patience_.set(kPatience);
  return ticket;
}

std::optional<FileChanges::Answers> FileChanges::answer(const Ticket& ticket, bool last) {
  const auto outcome = ticket.look ? looks_.outcome(ticket.look) : Result<void>();
  if (outcome && *outcome) return *ticket.answers;
  const bool due = last || given_up_ || Clock::now() >= after(ticket.asked, kPatience);
  return outcome || due ? std::optional(Answers(ticket.count)) : std::nullopt;
}

/// Has waiting calls look again: the time of some may be over. A timer may fire a moment early, so
/// it is set again until the time of the last call is over by the clock that answer() uses.
void FileChanges::pass_time() {
  const TimePoint due = after(last_asked_, kPatience);
  answered_.ask();
  if (Clock::now() < due) patience_.set_at(due);
}

}  // namespace zinit
