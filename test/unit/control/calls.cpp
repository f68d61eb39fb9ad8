// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calls of methods and their answers, as calls.golden has them. A case has
//
//     @ NAME             the service NAME, whose file follows
//     + two proxies      one in front of db, and one in front of web that does not listen
//     + refuses WHY      the daemon refuses what is asked of proxies
//     > METHOD PARAMS    a call, with `{}` where it has no parameters, and perhaps ` | MEMBERS`,
//                        those that are shown of the answer
//
// Each answer follows its call, with * for what no two runs have in common; then come requests that
// reached the daemon.
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/value_text.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"
#include "unit/control/proxies.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_calls {
namespace {

/// Pids get numbers in the order in which they are seen; the test's own is that of zinit.
class Figures {
 public:
  std::string hide(std::string answer) {
    static const std::regex pids(R"re("(pid|main_pid|ppid)":([1-9][0-9]*))re");
    static const std::regex numbers(R"re("(\w+_us|uptime_ms|memory_bytes|cpu_usec)":[0-9]+)re");
    static const std::regex perhaps(
        R"re("(cpu_percent|io_read_bytes|io_write_bytes)":(null|[0-9.]+))re");
    static const std::regex process_state(R"re("state":"[A-Z]")re");
    for (std::smatch found; std::regex_search(answer, found, pids);) {
      const auto number = pids_.emplace(found.str(2), pids_.size()).first->second;
      answer.replace(static_cast<std::size_t>(found.position(2)),
                     static_cast<std::size_t>(found.length(2)),
                     number == 0 ? "zinit" : "#" + std::to_string(number));
    }
    if (answer.find("\"pid\":#") != answer.npos)  // without a process all of them are null
      answer = std::regex_replace(answer, perhaps, R"("$1":*)");
    answer = std::regex_replace(answer, process_state, R"("state":*)");
    return std::regex_replace(answer, numbers, R"("$1":*)");
  }

 private:
  std::map<std::string, std::size_t> pids_{{std::to_string(::getpid()), 0}};
};

/// The members of an answer that a call names after `|`; all of it if it names none.
std::string picked(const std::string& answer, std::string_view members) {
  if (members.empty()) return answer;
  std::string all;
  for (const std::string_view name : split(members, ' '))
    all += fmt::format("{}\"{}\":{}", all.empty() ? "{" : ",", name, Json(answer)[name].dump());
  return all + "}";
}

/// What the daemon was asked since the last time.
std::string asked(Rig& rig) {
  std::string all;
  rig.on_loop([&] {
    for (const SetProxy& one : std::exchange(rig.daemon.set_proxies, {}))
      all +=
          std::string("set") + (one.persist ? ", persistent: " : ": ") + to_json(one.config) + "\n";
    for (const std::string& one : std::exchange(rig.daemon.deleted_proxies, {}))
      all += "delete: " + one + "\n";
    for (int power = rig.daemon.powered.exchange(0); power > 0; --power) all += "power\n";
  });
  return all;
}

void set_up(FakeDaemon& daemon, const std::string& what) {
  if (what == "two proxies") daemon.proxies_there = two_proxies();
  for (const auto& [name, refusal] : {std::pair("config_error", Refusal::config_error),
                                      {"file_error", Refusal::file_error},
                                      {"already_exists", Refusal::already_exists},
                                      {"shutting_down", Refusal::shutting_down},
                                      {"proxy_not_found", Refusal::proxy_not_found}})
    if (what == "refuses "s + name)
      daemon.proxy_refusal = RequestFailure{refusal, "it is so", {"error: one", "error: two"}};
}

std::string answered_calls(const std::string& input) {
  std::vector<SpecPtr> specs;
  std::string name, text, all;
  const auto end_file = [&] {
    if (!name.empty()) specs.push_back(finish(parse_spec(text, "/none/" + name + ".toml")));
    name.clear();
    text.clear();
  };
  std::unique_ptr<Rig> rig;
  std::optional<TestClient> client;
  Figures figures;
  for (const std::string_view line : split(trim(input), '\n')) {
    const std::string rest(line.substr(std::min(line.find(' ') + 1, line.size())));
    if (line.starts_with("@ ")) {
      end_file();
      name = rest;
      continue;
    }
    if (!line.starts_with('>') && !line.starts_with('+')) {
      text.append(line).append("\n");
      continue;
    }
    end_file();
    if (!rig) {
      rig = std::make_unique<Rig>(specs);
      client.emplace(rig->client());
    }
    if (line.starts_with('+')) {
      rig->on_loop([&] { set_up(rig->daemon, rest); });
      continue;
    }
    const auto blank = rest.find(' '), bar = std::min(rest.find(" | "), rest.size());
    std::string answer;
    // The kernel sets the arguments of a program a moment after zinit has learnt of its start.
    (void)becomes_true([&] {
      answer = client->call(rest.substr(0, blank), rest.substr(blank + 1, bar - blank - 1));
      return answer.find("\"cmdline\":\"\"") == answer.npos;
    });
    const std::string members = rest.substr(std::min(bar + 3, rest.size()));
    all += std::string(line) + "\n" + figures.hide(picked(answer, members)) + "\n" + asked(*rig);
  }
  return all;
}

TEST_CASE("calls are answered as in the golden file", "[threads][control][methods][xinet]") {
  CHECK_GOLDEN_CASES("calls", answered_calls);
}

}  // namespace
}  // namespace zinit::test::control_calls
