// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Reads a document with one key, for the tests that go through all keys of the table.

#include <string>
#include <string_view>
#include <vector>

#include "config/keys.hpp"
#include "config/settings.hpp"
#include "unit/config/text.hpp"

namespace zinit::test {

/// The other keys that a key of [health] needs.
inline std::string rest_of_health(std::string_view key, const std::string& value) {
  const bool http = key == "status" || value.find("http") != std::string::npos;
  const std::string endpoint = http ? "endpoint = \"http://a/\"\n" : "endpoint = \"a:80\"\n";
  const std::string type = http ? "type = \"http\"\n" : "type = \"tcp\"\n";
  if (key == "type") return value.find("exec") == std::string::npos ? endpoint : "exec = \"run\"\n";
  if (key == "endpoint") return type;
  return key == "exec" ? "type = \"exec\"\n" : type + endpoint;
}

/// The other keys that a key of [proxy] needs.
inline std::string rest_of_proxy(std::string_view key) {
  std::string text;
  if (key != "listen") text += "listen = [\"a:1\"]\n";
  if (key != "backend") text += "backend = \"a:2\"\n";
  if (key != "service") text += "service = \"a\"\n";
  return text;
}

/// A document with the key set to `value`, and everything else that it needs. The value stands in
/// line 2.
inline std::string document_with(std::string_view section, std::string_view key,
                                 const std::string& value) {
  const std::string line = std::string(key) + " = " + value + "\n";
  if (section.empty()) return "#\n" + line;
  std::string text = "[" + std::string(section) + "]\n" + line;
  if (section == "service" && key != "exec") text += "exec = \"run\"\n";
  if (section == "process" && key == "priority") text += "scheduler = \"fifo\"\n";
  if (section == "readiness" && key != "notify" && key != "pidfile")
    text += "notify = \"systemd\"\n";
  if (section == "logging" && key.substr(0, 5) == "file_") text += "file = \"/f\"\n";
  if (section == "health") text += rest_of_health(key, value);
  if (section == "socket" && key != "listen") text += "listen = [\"unix:/x\"]\n";
  if (section == "socket" && key == "max_connections") text += "accept = true\n";
  if (section == "timer" && (key == "random_delay_ms" || key == "persistent"))
    text += "calendar = \"daily\"\n";
  if (section == "proxy") return text + rest_of_proxy(key);
  if (section != "service" && section != "target") text += "[service]\nexec = \"run\"\n";
  return text;
}

struct Outcome {
  ServiceSpec spec;
  GlobalSettings settings;
  ProxySpec proxy{};
  std::vector<std::string> messages;
};

inline Outcome read_with(std::string_view section, std::string_view key, const std::string& value) {
  const std::string text = document_with(section, key, value);
  Outcome outcome;
  std::vector<Diagnostic> diagnostics;
  if (section.empty()) {
    outcome.settings = parse_settings(text, "f.toml", diagnostics);
  } else {
    ParsedSpec parsed = parse_spec(text, "f.toml");
    diagnostics = parsed.diagnostics;
    outcome.spec = *parsed.spec;
    if (parsed.proxy) outcome.proxy = *finish_proxy(parsed);
  }
  for (const Diagnostic& diagnostic : diagnostics) outcome.messages.push_back(to_text(diagnostic));
  return outcome;
}

}  // namespace zinit::test
