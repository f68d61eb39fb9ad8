// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the facts from the previous process image. Their file may be damaged, and an older or
// newer version may have written the values: they must give services that the supervisor may have.
#include "fuzz/fuzz.hpp"

#include "base/checksum.hpp"
#include "config/settings.hpp"
#include "files/kept_config.hpp"
#include "server/daemon_facts.hpp"
#include "state/memory_file.hpp"

namespace zinit::fuzz {
namespace {

/// The file that holds these facts, one after the other.
std::string file_of(const std::vector<std::pair<std::string_view, std::string_view>>& facts) {
  std::string bytes;
  for (const auto& [key, value] : facts) {
    const std::size_t begin = bytes.size();
    const std::uint32_t mark = 0x74636166, key_size = static_cast<std::uint32_t>(key.size());
    const std::uint64_t value_size = value.size();
    bytes.append(8, '\0');
    bytes.append(reinterpret_cast<const char*>(&mark), sizeof mark);
    bytes.append(reinterpret_cast<const char*>(&key_size), sizeof key_size);
    bytes.append(reinterpret_cast<const char*>(&value_size), sizeof value_size);
    bytes.append(key).append(value);
    bytes.append((8 - bytes.size() % 8) % 8, '\0');
    const std::uint64_t sum =
        checksum_of(reinterpret_cast<const std::byte*>(&bytes[begin]), bytes.size() - begin);
    std::memcpy(&bytes[begin], &sum, sizeof sum);
  }
  return bytes;
}

/// Checks bytes that hold no fact: the facts before and after them are read nevertheless.
void check_damage(std::string_view input) {
  for (const auto& [key, value] : parse_facts(input))
    require(key.size() <= 256 && !value.empty() && input.find(value) != input.npos);
  const std::string first = file_of({{"first/", "1"}, {"gone/", "1"}, {"gone/", ""}});
  const std::string last = file_of({{"last/", "2"}});
  // A fact begins at a multiple of eight.
  const std::string padding((8 - input.size() % 8) % 8, '\0');
  const FactMap around = parse_facts(fmt::format("{}{}{}{}", first, input, padding, last));
  require(around.contains("last/") && !around.contains("gone/"));
  require(around.contains("first/") || parse_facts(input).empty());
}

/// Writes facts, with keys and values in turn, to a file and reads them.
FactMap check_file(const std::vector<std::string_view>& parts) {
  std::vector<std::pair<std::string_view, std::string_view>> listed;
  FactMap expected;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const std::string_view key = parts[i], value = parts[i + 1];
    listed.emplace_back(key, value);
    if (key.size() > 256) continue;
    if (value.empty())
      expected.erase(std::string(key));
    else
      expected.insert_or_assign(std::string(key), std::string(value));
  }
  FactMap facts = parse_facts(file_of(listed));
  require(facts == expected || std::ranges::any_of(parts, [](std::string_view part) {
            return part.size() > 256;  // a key that is too long may contain anything
          }));
  return facts;
}

void check_daemon(const FactMap& facts) {
  const DaemonFacts daemon = daemon_from(facts);
  require(daemon.shell >= 0);
  FactMap again;
  put_daemon(daemon, again);
  const DaemonFacts same = daemon_from(again);
  require(same.started == daemon.started && same.services_started == daemon.services_started &&
          same.booted == daemon.booted && same.shell == daemon.shell &&
          same.settings == daemon.settings && same.etc_environment == daemon.etc_environment &&
          same.nofile.has_value() == daemon.nofile.has_value());
}

/// Checks what holds for every spec that the supervisor may get.
void check_spec(const ServiceSpec& spec) {
  require(!name_fault(spec.name));
  require(compare(spec, spec) == SpecChange::none);
  require(spec.findings->refused_warnings <= spec.findings->warnings.size());
  if (spec.broken()) return;
  require(!spec.has_process() || !spec.exec.argv.empty());
  require(spec.lifecycle.restart_delay <= spec.lifecycle.restart_delay_max);
  require(!spec.oneshot || spec.lifecycle.restart != RestartPolicy::always);
}

FactMap facts_of(const Graph& graph) {
  FactMap facts;
  put_changes(Graph(), graph, facts);
  return facts;
}

void check_services(const FactMap& facts, const ServiceDefaults& defaults) {
  const KeptServices kept = kept_services(facts, defaults);
  for (std::size_t i = 0; i < kept.entries.size(); ++i) {
    check_spec(*kept.entries[i].spec);
    require(i == 0 || kept.entries[i - 1].slot < kept.entries[i].slot);
    require(kept.entries[i].slot < 131072);
  }
  // The graph, with its slots moved together, is written as facts and read as the same.
  std::vector<GraphEntry> entries = kept.entries;
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].slot = static_cast<Slot>(i);
  const auto graph = Graph::build(entries, kept.masked);
  const FactMap left = facts_of(*graph);
  KeptServices again = kept_services(left, defaults);
  require(again.entries.size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ServiceSpec &one = *again.entries[i].spec, &other = *entries[i].spec;
    require(compare(one, other) == SpecChange::none && one.name == other.name);
    require(one.broken() == other.broken() && one.document == other.document);
  }
  require(facts_of(*Graph::build(again.entries, std::move(again.masked))) == left);
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> all = words_in(
      "service/0 service/1 service/ masked/ daemon/shell daemon/started daemon/services_started "
      "daemon/boot_settled daemon/nofile/soft daemon/nofile/hard daemon/settings "
      "daemon/etc_environment fact \x1E");
  for (const std::string& member : words_in(
           "name load_order removed vendors runtime system_class inherit_streams file drop_ins "
           "identities document warnings errors refused_warnings refused service target exec "
           "dependencies requires oneshot"))
    all.insert(fmt::format("\"{}\":", member));
  return all;
}

void look_at(std::string_view input) {
  check_damage(input);
  // The settings come first, because their [defaults] apply to the services of the rest.
  std::vector<std::string_view> parts = parts_of(input, 9);
  std::vector<Diagnostic> faults;
  const GlobalSettings settings = parse_settings(parts.front(), "zinit.toml", faults);
  parts.erase(parts.begin());
  const FactMap facts = check_file(parts);
  check_daemon(facts);
  check_services(facts, {});
  check_services(facts, settings.defaults);
}

}  // namespace zinit::fuzz
