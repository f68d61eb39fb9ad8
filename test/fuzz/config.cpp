// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the readers of service files and zinit.toml: any bytes must give specs and messages that
// the rest of zinit can rely on, and a document that is written out must be read as the same. The
// layers of one service (its file, then drop-ins) are parts of the input.
#include "fuzz/fuzz.hpp"

#include "config/keys.hpp"
#include "config/proxy_reader.hpp"
#include "config/spec_reader.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"
#include "model/graph.hpp"
#include "model/listen_address.hpp"

namespace zinit::fuzz {
namespace {

constexpr std::size_t kMostLayers = 4;

/// A message is one line that editors understand, for any content of the file.
void check_message(const Diagnostic& diagnostic) {
  const std::string line = to_text(diagnostic);
  require(showable(line));
  require(line.find('\n') == std::string::npos);
  require(parse_diagnostic(line).file == diagnostic.file);
  require(!diagnostic.text.empty());
}

/// Checks what holds for every proxy. Its text, which may go to a file, and its fact for the next
/// process image are read as the same proxy.
void check_proxy(const ParsedSpec& parsed) {
  const ProxyPtr proxy = finish_proxy(parsed);
  require(!name_fault(proxy->name));
  require(proxy->broken() == has_error(parsed.diagnostics, false));
  if (proxy->broken()) return;
  require(!proxy->listen.empty());
  for (const std::string& address : proxy->listen)
    require(parse_proxy_address(address).has_value());
  require(parse_proxy_address(proxy->backend).has_value());
  require(proxy->connect_timeout.count() > 0);
  const std::string text = proxy_text(*proxy);
  const ParsedSpec again =
      read_spec({"0"}, {}, [&](const std::string&) { return Result<std::string>(text); });
  require(again.proxy && again.diagnostics.empty() && *finish_proxy(again) == *proxy);
  const auto kept = proxy_from_json(proxy_json(*proxy));
  require(kept && *kept == *proxy && kept->file == proxy->file);
}

void check_socket(const ServiceSpec& spec) {
  const SocketSpec& socket = *spec.socket;
  require(socket.names.empty() || socket.names.size() == socket.listen.size());
  for (const std::string& text : socket.listen) {
    const auto address = parse_listen_address(text);
    require(address.has_value());
    require(!socket.accept || address->type == ListenType::stream);
  }
  require(!spec.accepts() || (spec.starts_by_connection() && !spec.watched()));
}

/// Checks what holds for every spec that the supervisor may get.
void check_spec(const ParsedSpec& parsed) {
  for (const Diagnostic& diagnostic : parsed.diagnostics) check_message(diagnostic);
  if (parsed.proxy) return check_proxy(parsed);
  const SpecPtr spec = finish(parsed);
  require(!name_fault(spec->name));
  require(spec->broken() == has_error(parsed.diagnostics, false));
  require(compare(*spec, *spec) == SpecChange::none);
  require(spec->broken() || !spec->has_process() || !spec->exec.argv.empty());
  for (const std::string& word : spec->exec.argv) require(word.find('\0') == std::string::npos);
  if (!spec->broken()) {
    require(spec->lifecycle.restart_delay <= spec->lifecycle.restart_delay_max);
    require(!spec->oneshot || spec->lifecycle.restart != RestartPolicy::always);
    check_socket(*spec);
  }
  const auto graph = Graph::build({{spec, kNoSlot, 0, false}});
  for (const std::string& fault : *graph->node(0).faults) {
    require(parse_diagnostic(fault).at.line > 0);
  }
}

void check_service(const std::vector<std::string_view>& layers, const ServiceDefaults& defaults) {
  SourceFile file{"0"};
  for (std::size_t i = 1; i < layers.size(); ++i) file.drop_ins.push_back(std::to_string(i));
  check_spec(read_spec(file, defaults, [&](const std::string& path) -> Result<std::string> {
    return std::string(layers[static_cast<std::size_t>(path[0] - '0')]);
  }));
}

/// service.get answers one of the texts, and service.set writes the other.
void check_texts(std::string_view input) {
  const auto document = read_toml(input);
  if (!document) return;
  const std::string json = to_json(*document);
  require(valid_utf8(json));
  const auto written = read_toml(to_toml(*document));
  require(written && to_json(*written) == json);
  (void)value_from_json(parsed(json));
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> all = words_in(
      "service|target|defaults|[[|]]|\"\"\"|'''|\r\n|\xEF\xBB\xBF|\x1E|\\u00e9|= {|1979-05-27|tcp:|"
      "udp:|unix:|unix-dgram:|fifo:|[::1]:|:80",
      '|');
  for (const Key& key : all_keys()) {
    all.emplace(key.section);
    all.emplace(key.name);
    for (const std::string_view word : key.words) all.emplace(word);
  }
  return all;
}

void look_at(std::string_view input) {
  std::vector<Diagnostic> faults;
  const GlobalSettings settings = parse_settings(input, "zinit.toml", faults);
  for (const Diagnostic& diagnostic : faults) check_message(diagnostic);
  const auto layers = parts_of(input, kMostLayers);
  check_service(layers, {});
  check_service(layers, settings.defaults);
  check_texts(input);
}

}  // namespace zinit::fuzz
