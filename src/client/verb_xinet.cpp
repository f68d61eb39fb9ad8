// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl xinet: sets, removes and shows the proxies that start services on connections.
#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/table.hpp"
#include "client/text_block.hpp"
#include "client/words.hpp"
#include "config/keys.hpp"
#include "config/proxy_reader.hpp"
#include "config/value_text.hpp"

namespace zinit {

namespace {

/// The value of a key of [proxy] in the command line, as a file has it.
Value value_of(const Key& key, const Arguments& arguments, std::string_view option) {
  const std::string text = arguments.value(option);
  Value value = text_value(text);
  if (key.type == Type::boolean) return {.type = ValueType::boolean, .boolean = true};
  if (key.type == Type::addresses) {
    value.type = ValueType::array;
    for (const std::string& one : arguments.values(option)) value.array.push_back(text_value(one));
  }
  if (key.type != Type::duration && key.type != Type::integer) return value;
  std::optional<std::int64_t> number = parse_integer(text);
  if (const auto time = given_time(text); time && key.type == Type::duration)
    if (*time % unit_of(key) == Milliseconds{0}) number = *time / unit_of(key);
  if (number) value = {.type = ValueType::integer, .integer = *number};
  std::vector<Diagnostic> faults;
  Findings findings{text, faults};
  if (!check_value(key, value, findings))
    throw VerbFailure{ExitStatus::usage, fmt::format("--{} {}: must be {}", option, printable(text),
                                                     allowed_text(key))};
  return value;
}

/// The parameters of xinet.set: the keys of [proxy] whose options were given. The server chooses
/// values for missing ones.
JsonParams params_of(const VerbContext& context) {
  JsonParams params = named(context.arguments.rest.front());
  for (const Key& key : section_keys(kProxySection)) {
    const std::string option = option_of(key);
    if (context.arguments.has(option))
      params.add_json(key.name, to_json(value_of(key, context.arguments, option)));
    else if (key.required())
      throw VerbFailure{ExitStatus::usage, fmt::format("--{} is missing", option)};
  }
  if (context.arguments.has("persist")) params.add("persist", true);
  return params;
}

TableCell state_cell(const ProxyStatus& proxy) {
  if (!proxy.running) return {"failed", Colour::red};
  if (proxy.warnings.empty()) return {"listening", Colour::green};
  return {"listening, " + counted(proxy.warnings.size(), "warning"), Colour::yellow};
}

TableRow row_of(const ProxyStatus& proxy) {
  return {{printable(proxy.name)},    {printable(join(proxy.listen, ", "))},
          {printable(proxy.backend)}, {printable(proxy.service)},
          state_cell(proxy),          {std::to_string(proxy.active_connections)}};
}

std::string list_text(const Terminal& terminal, const std::vector<ProxyStatus>& proxies) {
  if (proxies.empty()) return {};
  const TableColumn columns[] = {{"NAME"},    {"LISTEN"}, {"BACKEND"},
                                 {"SERVICE"}, {"STATE"},  {"CONNECTIONS", true, kAnyWidth, 1}};
  std::vector<TableRow> rows;
  for (const ProxyStatus& proxy : proxies) rows.push_back(row_of(proxy));
  return table_text(terminal, columns, rows);
}

std::string times_line(const ProxyStatus& proxy) {
  std::string text = fmt::format("connect timeout {} s", proxy.connect_timeout.count());
  if (proxy.idle_timeout.count() > 0)
    text += fmt::format(", {} s idle until the service is stopped", proxy.idle_timeout.count());
  return text;
}

std::string options_line(const ProxyStatus& proxy) {
  std::vector<std::string> options;
  if (proxy.single_connection) options.emplace_back("one connection at a time");
  if (proxy.proxy_protocol > 0)
    options.push_back(fmt::format("PROXY protocol, version {}", proxy.proxy_protocol));
  return join(options, "; ");
}

std::string status_text(const Terminal& terminal, const ProxyStatus& proxy) {
  TextBlock block(terminal);
  block.add("state", proxy.running ? "listening" : "failed");
  block.add("why", printable(proxy.error));
  block.add("listen", printable(join(proxy.listen, ", ")));
  block.add("backend", printable(proxy.backend));
  block.add("service", printable(proxy.service));
  block.add("connections", fmt::format("{} now, {} in all, {} rejected", proxy.active_connections,
                                       proxy.total_connections, proxy.rejected_connections));
  block.add("bytes",
            fmt::format("{} to the backend, {} from it", bytes_text(proxy.bytes_to_backend),
                        bytes_text(proxy.bytes_from_backend)));
  block.add("times", times_line(proxy));
  block.add("options", options_line(proxy));
  block.add("file", proxy.file.empty() ? "none: set at runtime" : printable(proxy.file));
  for (const std::string& warning : proxy.warnings) block.add("warning", printable(warning));
  return fmt::format("{}\n{}", terminal.paint(Colour::bold, printable(proxy.name)), block.text());
}

}  // namespace

int run_xinet_set(VerbContext& context) {
  const JsonParams params = params_of(context);
  try {
    // It waits for reloads under way, so it may take longer than other calls.
    const std::uint64_t request = context.client().request("xinet.set", params.text());
    const std::string json = context.client().answer(request, context.time_left());
    const ProxySetResult result = parse_as<ProxySetResult>(json);
    return context.print_result(
        json,
        fmt::format("{} is {}{}\n", printable(result.name), result.replaced ? "replaced" : "added",
                    context.arguments.has("persist") ? "" : ", at runtime only"));
  } catch (const ClientError& error) {
    return context.fail_faults(error, context.arguments.rest.front());
  }
}

int run_xinet_delete(VerbContext& context) {
  const std::string& name = context.arguments.rest.front();
  const JsonParams params = named(name).add("persist", context.arguments.has("persist"));
  const std::string json = context.client().call("xinet.delete", params.text());
  return context.print_result(json, fmt::format("{} is removed\n", printable(name)));
}

int run_xinet_list(VerbContext& context) {
  const std::string json = context.client().call("xinet.status_all");
  return context.print_result(
      json, list_text(context.terminal(), parse_as<std::vector<ProxyStatus>>(json)));
}

int run_xinet_status(VerbContext& context) {
  if (!context.arguments.rest.empty()) {
    const std::string json =
        context.client().call("xinet.status", named(context.arguments.rest.front()).text());
    return context.print_result(json, status_text(context.terminal(), parse_as<ProxyStatus>(json)));
  }
  const std::string json = context.client().call("xinet.status_all");
  std::string text;
  for (const ProxyStatus& proxy : parse_as<std::vector<ProxyStatus>>(json))
    text += (text.empty() ? "" : "\n") + status_text(context.terminal(), proxy);
  return context.print_result(json, text);
}

}  // namespace zinit
