// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The text of metrics.get: see metrics.hpp.
#include "control/metrics.hpp"

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

/// A family of metrics. If its name ends with a unit, the family has that unit. Its times are given
/// in microseconds.
struct Family {
  std::string_view name;  // without the prefix zinit_, and without the _total of counters
  bool counter;
  std::string_view help;  // one line without quotes and backslashes, so it needs no escapes
};

constexpr bool kCounter = true;
constexpr bool kGauge = false;

constexpr Family kBuild = {"build_info", kGauge, "The version of zinit."};
constexpr Family kStatesOfAll = {"services", kGauge, "Services and targets in each state."};
constexpr Family kState = {"service_state", kGauge, "1 with the state that the service is in."};
constexpr Family kDropped = {"service_log_dropped_lines", kCounter,
                             "Lines that a sink of the log did not get."};
constexpr Family kListening = {"proxy_listening", kGauge,
                               "1 if the proxy listens at all of its addresses."};

constexpr Family kOwn[] = {
    {"uptime_seconds", kGauge, "Since zinit's start, over re-executions."},
    {"state_changes", kCounter, "Changes of state of all services."},
    {"crashes", kCounter, "Faults of its own that zinit has recovered from."},
    {"clients", kGauge, "Connections to the control socket."},
    {"process_resident_memory_bytes", kGauge, "Resident memory of zinit itself."},
    {"process_cpu_seconds", kCounter, "Processor time of zinit itself."},
    {"process_threads", kGauge, "Threads of zinit itself."},
    {"process_open_fds", kGauge, "Open descriptors of zinit itself."},
};
static_assert(std::size(kOwn) == MetricsSnapshot::kNumbers);

constexpr Family kService[] = {
    {"service_up", kGauge, "1 if the service runs, or is a oneshot that is done."},
    {"service_wanted", kGauge, "1 if the service is wanted up."},
    {"service_restarts", kCounter, "Re-spawns since the service was loaded."},
    {"service_start_time_seconds", kGauge, "When the last process was spawned, since 1970."},
    {"service_last_exit_code", kGauge, "Exit code of the last process, if it exited."},
    {"service_last_exit_signal", kGauge, "Signal that has ended the last process, if one has."},
    {"service_healthy", kGauge, "1 if the health check of the current process succeeds."},
    {"service_memory_bytes", kGauge, "Memory of the cgroup, else resident memory."},
    {"service_tasks", kGauge, "Processes and threads."},
    {"service_cpu_seconds", kCounter, "Processor time since the last start."},
    {"service_io_read_bytes", kCounter, "Bytes read from disks since the last start."},
    {"service_io_written_bytes", kCounter, "Bytes written to disks since the last start."},
    {"service_log_lines", kCounter, "Lines of the log."},
};
static_assert(std::size(kService) == ServiceSample::kNumbers);

struct ProxyFamily {
  Family family;
  std::uint64_t ProxyView::*number;
};
constexpr ProxyFamily kProxyFamilies[] = {
    {{"proxy_connections", kCounter, "Connections accepted."}, &ProxyView::total_connections},
    {{"proxy_active_connections", kGauge, "Open connections."}, &ProxyView::active_connections},
    {{"proxy_rejected_connections", kCounter, "Connections that reached no backend."},
     &ProxyView::rejected_connections},
    {{"proxy_to_backend_bytes", kCounter, "Bytes passed on to the backend."},
     &ProxyView::bytes_to_backend},
    {{"proxy_from_backend_bytes", kCounter, "Bytes passed on from the backend."},
     &ProxyView::bytes_from_backend},
};

/// A label with its value, escaped as OpenMetrics requires.
std::string label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  for (const char c : to_utf8(value)) {
    if (c == '"' || c == '\\' || c == '\n') text += '\\';
    text += c == '\n' ? 'n' : c;
  }
  return text += '"';
}

/// Writes the text, one family after another.
class MetricsText {
 public:
  /// From now on, values of put() belong to this family.
  void begin(const Family& family) noexcept {
    family_ = &family;
    headed_ = false;
  }

  /// @param labels  joined by commas
  void put(std::string_view labels, std::optional<std::int64_t> value) {
    if (!value) return;
    if (!std::exchange(headed_, true)) head();
    name();
    if (family_->counter) text_ += "_total";
    if (!labels.empty()) text_.append("{").append(labels).append("}");
    text_ += unit() == "seconds"
                 ? fmt::format(" {}.{:06}\n", *value / 1'000'000, *value % 1'000'000)
                 : fmt::format(" {}\n", *value);
  }

  [[nodiscard]] std::string take() { return std::move(text_.append("# EOF\n")); }

 private:
  void name() { text_.append("zinit_").append(family_->name); }

  [[nodiscard]] std::string_view unit() const noexcept {
    for (const std::string_view known : {"seconds", "bytes"})
      if (family_->name.ends_with(known)) return known;
    return {};
  }

  void head() {
    const auto line = [&](std::string_view what, std::string_view value) {
      text_.append("# ").append(what).append(" ");
      name();
      text_.append(" ").append(value).append("\n");
    };
    line("TYPE", family_->counter ? "counter" : "gauge");
    if (!unit().empty()) line("UNIT", unit());
    line("HELP", family_->help);
  }

  std::string text_;
  const Family* family_ = nullptr;
  bool headed_ = false;
};

void write_own(MetricsText& text, const MetricsSnapshot& snapshot) {
  text.begin(kBuild);
  text.put(label("version", ZINIT_VERSION), 1);
  for (std::size_t i = 0; i < std::size(kOwn); ++i) {
    text.begin(kOwn[i]);
    text.put({}, snapshot.numbers[i]);
  }
  std::array<std::int64_t, kStateCount> in_state{};
  for (const ServiceSample& service : snapshot.services) ++in_state[index_of(service.state)];
  text.begin(kStatesOfAll);
  for (const StateInfo& info : kStates)
    text.put(label("state", info.name), in_state[index_of(info.state)]);
}

void write_services(MetricsText& text, const std::vector<ServiceSample>& services) {
  std::vector<std::string> labels;
  for (const ServiceSample& service : services) labels.push_back(label("service", service.name));
  text.begin(kState);
  for (std::size_t i = 0; i < services.size(); ++i)
    text.put(labels[i] + "," + label("state", state_name(services[i].state)), 1);
  for (std::size_t number = 0; number < std::size(kService); ++number) {
    text.begin(kService[number]);
    for (std::size_t i = 0; i < services.size(); ++i)
      text.put(labels[i], services[i].numbers[number]);
  }
  text.begin(kDropped);
  for (std::size_t i = 0; i < services.size(); ++i)
    for (const auto& [sink, lines] : services[i].dropped)
      text.put(labels[i] + "," + label("sink", sink), static_cast<std::int64_t>(lines));
}

void write_proxies(MetricsText& text, const std::vector<ProxyView>& proxies) {
  text.begin(kListening);
  for (const ProxyView& proxy : proxies) text.put(label("proxy", proxy.spec->name), proxy.running);
  for (const auto& [family, number] : kProxyFamilies) {
    text.begin(family);
    for (const ProxyView& proxy : proxies)
      text.put(label("proxy", proxy.spec->name), static_cast<std::int64_t>(proxy.*number));
  }
}

}  // namespace

std::string metrics_text(const MetricsSnapshot& snapshot) {
  MetricsText text;
  write_own(text, snapshot);
  write_services(text, snapshot.services);
  write_proxies(text, snapshot.proxies);
  return text.take();
}

}  // namespace zinit
