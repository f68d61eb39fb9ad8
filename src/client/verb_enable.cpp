// zinitctl enable and disable: whether a service is started from the next boot on, as a drop-in. On
// disk alone, so that they work for an image without a server.
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/service_files.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

namespace {

/// What the two verbs differ in.
struct StatusVerb {
  StartStatus status;
  std::string_view word;    // of the key
  std::string_view effect;  // in words
  int (*now)(VerbContext&);
};

bool is_so_already(const ServiceSpec& spec, const StatusVerb& verb) {
  if (spec.broken()) return false;
  // What has "ignore" is started even less than by "stop".
  return spec.status == verb.status ||
         (verb.status == StartStatus::stop && spec.status == StartStatus::ignore);
}

/// Its kind, by what it is made from but for the drop-in that is about to be written.
std::string_view section_of(VerbContext& context, const std::string& name, const SourceFile& source,
                            const ReadText& read) {
  const SpecPtr spec = finish(read_spec(source, {}, read));
  if (spec->broken()) {
    throw VerbFailure{ExitStatus::failed, fmt::format("{} {}", context.verb.name, printable(name)),
                      fmt::format("its file is to be mended first: {}", spec->errors.front())};
  }
  return spec->is_target() ? "target" : "service";
}

/// A drop-in that comes after `own` and has the key, and so would win over it; empty: none.
std::string later_drop_in(const SourceFile& source, const std::string& own,
                          std::string_view section, const ReadText& read) {
  for (auto path = source.drop_ins.rbegin(); *path != own; ++path) {
    const auto text = read(*path);
    if (!text) continue;
    const auto document = read_toml(*text);
    const Member* found = document ? document->find(section) : nullptr;
    if (found != nullptr && found->value.find("status") != nullptr) return *path;
  }
  return {};
}

Result<Remark> write_drop_in(const std::string& path, std::string_view text) {
  if (auto made = make_directories(path.substr(0, path.rfind('/')), 0755); !made)
    return Failure(made.error());
  return replace_file(path, text, {});
}

void print_done(VerbContext& context, const std::string& name, const StatusVerb& verb,
                const std::string& file, bool changed) {
  if (context.json()) {
    JsonParams done;
    done.add("name", name).add("status", verb.word).add("changed", changed).add("file", file);
    return context.print_json(done.text());
  }
  context.print(
      printable(changed ? fmt::format("{} is {} from the next boot on: {}", name, verb.effect, file)
                        : fmt::format("{} is {} at boot already", name, verb.effect)) +
      "\n");
}

int set_status(VerbContext& context, const StatusVerb& verb) {
  const std::string& name = context.arguments.rest.front();
  const bool now = context.arguments.has("now");
  if (now && context.arguments.has("root")) {
    throw VerbFailure{ExitStatus::usage, std::string(context.verb.name),
                      "--now is for a server, --root for a system that does not run"};
  }
  const Places places = places_of(context);
  const ReadText read = read_below(places.root);
  const SourceFile source = find_service_files(context, places, name);
  const std::string drop_in = own_drop_in(source, kStatusDropIn);
  const bool already = is_so_already(*finish(read_spec(source, {}, read)), verb);
  if (!already) {
    const std::string_view section =
        section_of(context, name, without_drop_in(source, drop_in), read);
    const std::string text =
        fmt::format("# Written by zinitctl enable and zinitctl disable.\n[{}]\nstatus = \"{}\"\n",
                    section, verb.word);
    const std::string later = later_drop_in(with_drop_in(source, drop_in), drop_in, section, read);
    if (!later.empty()) {
      return context.fail(ExitStatus::failed, fmt::format("{} {}", context.verb.name, name),
                          fmt::format("{} comes after {} and sets status too; take it out there",
                                      printable(later), kStatusDropIn));
    }
    const auto written = write_drop_in(on_disk(places, drop_in), text);
    if (!written) return tell_file_failure(context, name, written.error());
    tell_remark(context, name, *written);
  }
  if (!context.json() || !now) print_done(context, name, verb, already ? "" : drop_in, !already);
  return now ? verb.now(context) : ExitStatus::done;
}

}  // namespace

int run_enable(VerbContext& context) {
  return set_status(context, {StartStatus::start, "start", "started", run_start});
}
int run_disable(VerbContext& context) {
  return set_status(context, {StartStatus::stop, "stop", "not started", run_stop});
}

}  // namespace zinit
