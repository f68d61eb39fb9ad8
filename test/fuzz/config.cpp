// Fuzzes what reads service files and zinit.toml: any bytes must come out as specs and messages
// that the rest of zinit can rely on. Layers of one service (its file, then drop-ins) are parted by
// a byte that no file may hold.
//
// The program is libFuzzer's: see test/fuzz/run. `--dictionary` prints the words of the table of
// keys for its -dict.
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/spec_reader.hpp"
#include "model/graph.hpp"

using namespace zinit;

namespace {

constexpr char kNextLayer = '\x1E';
constexpr std::size_t kMostLayers = 4;

#define REQUIRE(condition) \
  if (!(condition)) fail(#condition, __LINE__)

[[noreturn]] void fail(const char* condition, int line) {
  std::fprintf(stderr, "test/fuzz/config.cpp:%d: does not hold: %s\n", line, condition);
  std::abort();
}

std::vector<std::string> layers_of(std::string_view input) {
  std::vector<std::string> layers;
  while (layers.size() + 1 < kMostLayers && input.find(kNextLayer) != std::string_view::npos) {
    layers.emplace_back(input.substr(0, input.find(kNextLayer)));
    input.remove_prefix(layers.back().size() + 1);
  }
  layers.emplace_back(input);
  return layers;
}

/// One line that editors understand, whatever the file holds.
void check_message(const Diagnostic& diagnostic) {
  const std::string line = to_text(diagnostic);
  REQUIRE(valid_utf8(line));
  REQUIRE(line == printable(line));
  REQUIRE(line.find('\n') == std::string::npos);
  REQUIRE(parse_diagnostic(line).file == diagnostic.file);
  REQUIRE(!diagnostic.text.empty());
}

/// What holds for every spec that the supervisor may get.
void check_spec(const ParsedSpec& parsed) {
  for (const Diagnostic& diagnostic : parsed.diagnostics) check_message(diagnostic);
  const SpecPtr spec = finish(parsed);
  REQUIRE(!name_fault(spec->name));
  REQUIRE(spec->broken() == has_error(parsed.diagnostics, false));
  REQUIRE(compare(*spec, *spec) == SpecChange::none);
  REQUIRE(spec->broken() || !spec->has_process() || !spec->exec.argv.empty());
  for (const std::string& word : spec->exec.argv) REQUIRE(word.find('\0') == std::string::npos);
  if (!spec->broken()) {
    REQUIRE(spec->lifecycle.restart_delay <= spec->lifecycle.restart_delay_max);
    REQUIRE(!spec->oneshot || spec->lifecycle.restart != RestartPolicy::always);
  }
  const auto graph = Graph::build({{spec, kNoSlot, 0, false}});
  for (const std::string& fault : *graph->node(0).faults) {
    REQUIRE(parse_diagnostic(fault).at.line > 0);
  }
}

void check_service(const std::vector<std::string>& layers, const ServiceDefaults& defaults) {
  SourceFile file{"0"};
  for (std::size_t i = 1; i < layers.size(); ++i) file.drop_ins.push_back(std::to_string(i));
  check_spec(read_spec(file, defaults, [&](const std::string& path) -> Result<std::string> {
    return layers[static_cast<std::size_t>(path[0] - '0')];
  }));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc < 2 || std::string_view((*argv)[1]) != "--dictionary") return 0;
  std::set<std::string_view> words = {
      "service",    "target",          "defaults", "[[",        "]]",  "\\\"\\\"\\\"", "'''",
      "\\x0d\\x0a", "\\xef\\xbb\\xbf", "\\x1E",    "\\\\u00e9", "= {", "1979-05-27"};
  for (const Key& key : all_keys()) {
    words.insert(key.section);
    words.insert(key.name);
    words.insert(key.words.begin(), key.words.end());
  }
  for (const std::string_view word : words) {
    if (!word.empty()) std::printf("\"%.*s\"\n", static_cast<int>(word.size()), word.data());
  }
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<Diagnostic> faults;
  const GlobalSettings settings = parse_settings(input, "zinit.toml", faults);
  for (const Diagnostic& diagnostic : faults) check_message(diagnostic);
  const std::vector<std::string> layers = layers_of(input);
  check_service(layers, {});
  check_service(layers, settings.defaults);
  return 0;
}
