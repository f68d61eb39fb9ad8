// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The daemon's side of a re-execution: the facts that it keeps for the next process image, the
// execution itself, and the takeover of what the previous process image has left behind.
//
// While zinit runs, everything that the next process image needs is in memory files at any time:
// the journal (state/journal.hpp), facts (state/state_facts.hpp), logs, and a list of the
// descriptors that stay open (state/kept_descriptors.hpp). So a crash can use the way of a request.
//
//   request   reexecute() asks Reexecution (reexec/reexecution.hpp). A task of the file queue
//             checks an installed program. Then no launch begins, and zinit waits until all ended.
//             execute_again() sends the last answers, stops the data loop, lets the sinks finish
//             and executes the program with the board's lock held. If this fails, zinit goes on.
//   crash     The handler in last_resort.cpp notes the crash and executes the running program at
//             once. The fifth crash within a minute is not answered in this way.
//
// The next process image finds the list of descriptors by the environment (take_inheritance()) and
// reads journal and facts before it makes its parts (prepare_server()). go_on() then takes over:
// the daemon's own facts and settings first, then restore_services(). adopt() fills gaps: it looks
// in /proc for processes of services without a record, and for those that a killed server has left.
// The board gets the records while launches are held, until sockets and connections are found, too.
// Children that ended in between are reaped last.
//
// Services keep their slots, because all that is kept goes by slots.
#include <unistd.h>

#include <utility>

#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "model/plan.hpp"
#include "os/spawn_slots.hpp"
#include "reexec/adoption.hpp"
#include "server/daemon.hpp"
#include "state/crash_log.hpp"

namespace zinit {

namespace {

// The time between two attempts to make what is missing.
constexpr useconds_t kTryAgainUs = 50'000;

/// Whether somebody must hear of the end of this process.
bool is_known(const Legacy& legacy, pid_t pid) {
  bool known = legacy.daemon.shell == pid;
  for (const JournalEntry& entry : legacy.journal.entries) {
    known |= entry.facts.pid == pid || entry.facts.leader == pid;
    for (const pid_t side : entry.facts.sides) known |= side == pid;
  }
  for (const JournalLaunch& launch : legacy.journal.launches) known |= launch.pid == pid;
  return known;
}

}  // namespace

bool tries_again(const std::optional<Legacy>& legacy, const Error& fault) {
  if (!legacy || !fault.temporary()) return false;
  static bool told = false;
  if (!std::exchange(told, true))
    log_warn("{}; zinit tries again until it can go on with its services", fault.text);
  ::usleep(kTryAgainUs);
  if (const auto processes = all_processes())
    for (const ProcessStat& process : *processes)
      if (process.zombie() && process.ppid == ::getpid() && !is_known(*legacy, process.pid))
        reap(process.pid);
  return true;
}

/// Takes over all services as they were before the re-execution.
void ZinitDaemon::go_on() {
  kill_point("reexec.taken");
  Legacy& legacy = *start_.legacy;
  const DaemonFacts& before = legacy.daemon;
  put_daemon(before, kept_);  // so that keep_facts() writes only changes
  services_started_ = before.services_started;
  if (legacy.facts.empty()) services_started_ = start_.started;  // nothing boots twice
  booted_ = before.booted || legacy.facts.empty();
  empty_start_ = before.empty_start;
  shell_.take_over(before.shell);
  failures_.go_on(before.failures);
  next_ = before.next;
  switched_ = before.switched;
  switch_fault_ = before.switch_fault;
  exit_code_ = before.exit_code;
  end_asked_until_ = before.end_asked_until;
  told_signals_ = before.told_signals;
  owed_reloads_ = before.reload_owed ? 1 : 0;
  scheduled_ = before.scheduled;
  machine_watchdog_.go_on(legacy.descriptors.take(KeptKind::watchdog));
  Configuration kept =
      kept_settings(start_.sources, before.settings, before.etc_environment, before.socket_gid);
  kept.masked_proxies = before.masked_proxies;
  kept.settings_faults = before.settings_faults;
  settings_ = kept.settings;  // for the shutdown, which must go on before keep_facts() is called
  if (before.shutdown) shutdown_.go_on(*before.shutdown, shutdown_timeout(), shutdown_count());
  use_settings(kept);
  if (scheduled_ && server_) server_->go_on_with(*scheduled_);
  // A crash before the services were loaded: load them now.
  const bool arriving = switched_ && !booted_;
  if (!arriving && !services_started_ && legacy.journal.entries.empty())
    load_services();
  else
    restore_services();
  if (arriving) arrive();
  look_at_triggers();
  reap_more_.ask();  // children may have ended during execve(2)
  look_at_unexecuted();
  log_info("version {} continues, {} mode, pid {}", ZINIT_VERSION, mode_name(start_.mode),
           ::getpid());
  const Crashes crashes = logged_crashes();
  if (crashes.last && crashes.count != before.crashes)
    log_error("this was a recovery from a fault in zinit itself: {}", crash_text(*crashes.last));
  if (std::exchange(owed_reloads_, 0) == 0 || shutdown_.begun()) return;
  keep_facts();  // once: it may be what makes zinit crash
  reload_and_log({});
}

void ZinitDaemon::restore_services() {
  Legacy& legacy = *start_.legacy;
  KeptServices kept = kept_services(legacy.facts, settings_.defaults);
  instances_.restore(legacy.facts);
  state_.set_kept(kept.entries);  // before add_lost(): lost services have no facts
  add_lost(kept);
  if (legacy.journal.entries.empty()) legacy.journal.world.start_added = boot_targets().empty();
  Adopted adopted =
      adopt(kept.entries, {start_.cgroups.get(), std::move(legacy.left)}, legacy.journal);
  StreamSlots::reserve();  // before services are heard
  readiness_.take_over(legacy.descriptors, legacy.facts);
  auto held = hold_mains(legacy.journal, start_.cgroups.get());
  for (auto* all : {&adopted.strangers, &held})
    for (auto& [slot, pidfd] : *all) readiness_.take_main(slot, std::move(pidfd));
  // Spawn no process before the sockets and connections of its service are found.
  board_.hold_launches(true);
  board_.restore(kept.entries, legacy.journal, std::move(kept.masked), legacy.facts);
  sockets_.take_over(legacy.descriptors, legacy.facts, *board_.graph());
  board_.hold_launches(false);
  state_.set_kept({});
  // The previous process image may have crashed before its board knew of the shutdown.
  if (shutdown_.begun() && !board_.shutting_down())
    board_.begin_shutdown(shutdown_.kind() == PowerAction::switch_root);
  proxies_.restore(legacy.descriptors, legacy.facts);
  timers_.take_over(legacy.facts);
  paths_.take_over(legacy.facts);
  service_changes_.take_over(legacy.facts);
  kill_point("reexec.restored");
  for (const JournalLaunch& launch : legacy.journal.launches) unexecuted_.push_back(launch.pid);
  for (const JournalEntry& entry : legacy.journal.entries) {
    unexecuted_.push_back(entry.facts.pid);
    unexecuted_.insert(unexecuted_.end(), entry.facts.sides.begin(), entry.facts.sides.end());
  }
  logs_.take_over(legacy.descriptors, legacy.facts);
  board_.boot_lost(adopted.lost, target_of_boot());
}

/// Reads the lost part of the configuration in force from the files.
void ZinitDaemon::add_lost(KeptServices& kept) {
  const bool nothing = start_.legacy->facts.empty();
  if (!nothing && lost_services(kept.entries, start_.legacy->journal).empty()) return;
  Configuration config = read_configuration(start_.sources);
  if (nothing) {
    use_settings(config);
    log_warnings(config);
    log_proxy_messages(config.proxies);
    kept.masked = config.masked;
    instances_.use(config.templates);
    proxies_.load(config);
    std::vector<std::string> names;
    for (const JournalEntry& entry : start_.legacy->journal.entries) names.push_back(entry.name);
    Instances::add_started(std::move(names), config, config.specs);
  }
  const bool all_read = !config.incomplete && config.missing.empty() &&
                        std::ranges::none_of(config.specs, &ServiceSpec::broken);
  // As after a boot: a spec that the graph refuses adds no edges to other services.
  const Plan wanted = plan(*Graph::build({}), config.specs, {}, config.masked);
  std::ranges::transform(wanted.services, config.specs.begin(), &PlannedService::spec);
  add_lost_services(config.specs, start_.legacy->journal, kept.entries);
  add_removed_services(start_.legacy->left, all_read, kept.entries);
}

/// Keeps the daemon's own knowledge for the next process image. Call it after each change.
void ZinitDaemon::keep_facts() {
  DaemonFacts own;
  own.started = start_.started;
  own.services_started = services_started_;
  own.booted = booted_;
  own.empty_start = empty_start_;
  own.command_alone = start_.command_alone;
  own.nofile = start_.nofile;
  own.program = installed_program();
  own.crashes = logged_crashes().count;
  own.shell = shell_.pid();
  own.next = next_;
  own.switched = switched_;
  own.switch_fault = switch_fault_;
  own.settings = settings_.text;
  own.settings_faults = settings_faults_;
  own.socket_gid = socket_gid_;
  own.etc_environment = etc_environment_;
  own.masked_proxies = masked_proxies_;
  own.failures = failures_.waiting();
  own.exit_code = exit_code_;
  own.end_asked_until = end_asked_until_;
  own.told_signals = told_signals_;
  own.reload_owed = owed_reloads_ > 0;
  own.shutdown = shutdown_.stand();
  own.scheduled = scheduled_;
  FactMap facts;
  put_daemon(own, facts);
  FactMap changed;
  for (auto& [key, value] : facts)
    if (const auto kept = kept_.find(key); kept == kept_.end() || kept->second != value)
      changed[key] = value;
  if (changed.empty()) return;
  if (const auto kept = facts_.set(changed); !kept) return log_error("{}", kept.error().text);
  kept_ = std::move(facts);
}

void ZinitDaemon::keep_scheduled(const std::optional<ScheduledPower>& power) {
  scheduled_ = power;
  keep_facts();
}

/// What a re-execution must not cut off, or would wait for: execve(2) ends all threads, and one
/// that hangs in the kernel does not end. If it is `late`, short pieces of work, one after another,
/// are no reason any more.
std::string ZinitDaemon::under_way(bool late) {
  if (files_.busy()) return "work with service files has not ended";
  if (shell_.starting()) return "the emergency shell is being started";
  if (absence_looks_.busy()) return "a search for the programs of services has not ended";
  std::string hanging = logs_.hanging();
  const Milliseconds longer = late ? Offload::kHangs : Milliseconds{0};
  if (const std::string threads = Offload::under_way(longer); hanging.empty() && !threads.empty())
    hanging = fmt::format("its thread {} waits for a file system that does not answer", threads);
  return hanging.empty() ? hanging : hanging + ", and zinit would wait for it";
}

/// As Board::while_still(), but waits for launches, for the janitor, which writes queued lines, and
/// for threads that may hang: the writers of log files, and Offload's.
bool ZinitDaemon::when_still(FunctionRef<void()> act, Milliseconds limit) {
  const TimePoint until = after(Clock::now(), limit);
  while (logs_.busy() || !Offload::under_way(Milliseconds{0}).empty() || !board_.while_still(act)) {
    if (Clock::now() >= until) return false;
    machine_watchdog_.feed();
    ::usleep(kLookAgain.count() * 1000);
  }
  return true;
}

void ZinitDaemon::execute_again(NextImage which) {
  const auto give_up = [](std::string_view why) { log_error("no re-execution: {}", why); };
  self_watchdog_.set(Milliseconds{0});  // the loop cannot answer it now
  if (server_) {
    server_->hold_requests(true);  // the execution would cut off a reload
    server_->finish();
  }
  // Give up a loop that hangs, as after a crash: data that it has read and not stored yet is kept.
  static_cast<void>(logs_.stop_reading(kLastLines));
  if (start_.data_loop->stop(kLastTurns)) {
    logs_.finish(kLastLines);
    logs_.keep_dropped();
  }
  kill_point("reexec.stopped");
  const bool still = when_still([&] {
    const Error fault = zinit::execute_again(which);
    log_error("{}", fault.text);
    // Log files are no longer written, so the same program again is better than no execution.
    if (which != NextImage::same) give_up(zinit::execute_again(NextImage::same).text);
  });
  if (!still) give_up(kNotStill);
  logs_.go_on();
  if (auto running = start_.data_loop->start(); !running)
    log_error("cannot restart the data loop; logs and health checks have stopped: {}",
              running.error().text);
  if (server_) server_->hold_requests(false);
  self_watchdog_.set(settings_.self_watchdog);
}

void ZinitDaemon::reexecute(bool update, ReexecuteDone done) {
  if (shutdown_.begun())
    return done(tl::unexpected(RequestFailure{Refusal::shutting_down, "a shutdown has begun"}));
  // Without a journal the next image would find processes, but not what became of services.
  if (!can_execute() || kept_list_fd() < 0 || board_.journal_fd() < 0) {
    return done(tl::unexpected(RequestFailure{
        Refusal::process_error,
        "zinit could not prepare re-executions at its start (see its log); is /proc mounted?"}));
  }
  reexecution_.begin(update ? NextImage::installed : NextImage::same, std::move(done));
}

}  // namespace zinit
