// Requests with the types of their answers: what Client's methods of the same names send, to be
// given to Client::call() or AsyncClient::call().
//
//     client.call(zinit::request::status_full("web"),
//                 [](zinit::Answer<zinit::ServiceStatus> answer) { ... });
//
// Making one sends nothing, and throws nothing but std::bad_alloc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <zinit/client.hpp>

namespace zinit {
inline namespace v1 {

/// Makes a request of any method. Its result is JSON text.
///
/// @param params  a JSON object or array, or empty
[[nodiscard]] Request<std::string> any_request(std::string_view method,
                                               std::string_view params = {});

// Client has a method of each of these names, which says what it does and what may go wrong.
namespace request {

[[nodiscard]] Request<PingAnswer> ping();
[[nodiscard]] Request<SystemInfo> info();
[[nodiscard]] Request<Done> shutdown(ShutdownTime at = {}, const std::string& message = {});
[[nodiscard]] Request<Done> poweroff(ShutdownTime at = {}, const std::string& message = {});
[[nodiscard]] Request<Done> reboot(ShutdownTime at = {}, const std::string& message = {});
[[nodiscard]] Request<Done> halt(ShutdownTime at = {}, const std::string& message = {});
[[nodiscard]] Request<Done> kexec(ShutdownTime at = {}, const std::string& message = {});
[[nodiscard]] Request<Done> switch_root(const std::string& new_root,
                                        const std::string& init = "/sbin/init");
[[nodiscard]] Request<bool> cancel_shutdown();
[[nodiscard]] Request<Done> reexec(bool update = false);

[[nodiscard]] Request<std::vector<std::string>> list();
[[nodiscard]] Request<std::vector<ServiceStatus>> list_full(
    const std::vector<std::string>& members = {});
[[nodiscard]] Request<BriefStatus> status(const std::string& name);
[[nodiscard]] Request<ServiceStatus> status_full(const std::string& name);
[[nodiscard]] Request<ServiceStatus> start(const std::string& name, const Wait& wait = {});
[[nodiscard]] Request<ServiceStatus> stop(const std::string& name, const Wait& wait = {});
[[nodiscard]] Request<ServiceStatus> restart(const std::string& name, const Wait& wait = {});
[[nodiscard]] Request<Done> kill(const std::string& name, const std::string& signal = "SIGTERM",
                                 bool main_only = false);
[[nodiscard]] Request<Isolation> isolate(const std::string& target);
[[nodiscard]] Request<ServiceConfig> get(const std::string& name);
[[nodiscard]] Request<SetResult> set(const std::string& config, bool persist = false,
                                     bool start = true);
[[nodiscard]] Request<SetResult> add(const std::string& config, bool persist = false,
                                     bool start = true);
[[nodiscard]] Request<Done> remove(const std::string& name, bool persist = false,
                                   bool cascade = false,
                                   std::optional<std::chrono::milliseconds> limit = {});
[[nodiscard]] Request<BulkResult> start_all(std::optional<std::chrono::milliseconds> limit = {});
[[nodiscard]] Request<BulkResult> stop_all(std::optional<std::chrono::milliseconds> limit = {});
[[nodiscard]] Request<BulkResult> delete_all(std::optional<std::chrono::milliseconds> limit = {});
[[nodiscard]] Request<ReloadReport> reload(bool dry_run = false, bool check = true,
                                           const std::vector<std::string>& only = {},
                                           bool no_restart = false);
[[nodiscard]] Request<Done> reload_service(const std::string& name, bool check = true);
[[nodiscard]] Request<WhyReport> why(const std::string& name);
[[nodiscard]] Request<std::vector<TreeNode>> tree(const std::string& name = {},
                                                  bool reverse = false);
[[nodiscard]] Request<bool> is_running(const std::string& name);
[[nodiscard]] Request<ServiceStats> stats(const std::string& name);
[[nodiscard]] Request<std::vector<ProcessInfo>> children(const std::string& name);
[[nodiscard]] Request<std::vector<ProcessNode>> process_tree(const std::string& name);
[[nodiscard]] Request<std::vector<BootStep>> bootchart();
[[nodiscard]] Request<std::vector<TimerStatus>> timers();
[[nodiscard]] Request<ServiceStatus> wait(const std::string& name, WaitFor state,
                                          std::optional<std::chrono::milliseconds> limit = {});

[[nodiscard]] Request<ProxySetResult> set_proxy(const ProxyConfig& config, bool persist = false);
[[nodiscard]] Request<Done> delete_proxy(const std::string& name);
[[nodiscard]] Request<std::vector<std::string>> proxies();
[[nodiscard]] Request<ProxyStatus> proxy(const std::string& name);
[[nodiscard]] Request<std::vector<ProxyStatus>> all_proxies();

[[nodiscard]] Request<std::vector<LogLine>> logs_get(const std::string& name,
                                                     std::uint32_t lines = 100);
[[nodiscard]] Request<std::vector<std::string>> logs_tail(const std::string& name,
                                                          std::uint32_t lines = 100);
[[nodiscard]] Request<std::vector<LogLine>> logs_filter(const LogFilter& filter);
[[nodiscard]] Request<std::vector<StateEvent>> events_get(
    const std::vector<std::string>& names = {}, std::uint32_t lines = 100);

[[nodiscard]] Request<std::string> metrics();
[[nodiscard]] Request<std::string> debug_state();
[[nodiscard]] Request<Done> debug_settle(std::chrono::milliseconds limit = std::chrono::seconds(1));

}  // namespace request

}  // namespace v1
}  // namespace zinit
