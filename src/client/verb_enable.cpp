// zinitctl enable and disable: set whether a service is started at boot, by a drop-in with the key
// `status`. They only change files, so they need no server and work on an image.
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/service_files.hpp"
#include "client/verbs.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

namespace {

/// What differs between the two verbs.
struct StatusVerb {
  StartStatus status;
  std::string_view word;    // `status` as the file has it; also the verb that --now carries out
  std::string_view effect;  // what it means for the service
};

/// Whether the service has the wanted status already. For `disable`, "ignore" is enough: such a
/// service is not started at boot either.
bool is_set(const ServiceSpec& spec, const StatusVerb& verb) {
  if (spec.broken()) return false;
  return spec.status == verb.status ||
         (verb.status == StartStatus::stop && spec.status == StartStatus::ignore);
}

/// The section that the drop-in has to set `status` in: "service" or "target". `source` has to be
/// without that drop-in.
std::string_view section_of(const std::string& name, const SourceFile& source,
                            const ReadText& read) {
  const SpecPtr spec = finish(read_spec(source, {}, read));
  if (spec->broken()) {
    throw VerbFailure{
        ExitStatus::failed,
        fmt::format("its file is to be mended first: {}", spec->findings->errors.front()), name};
  }
  return kind_name(spec->kind);
}

/// A drop-in that is read after `own` and sets `status`, too, which would override it. Empty if
/// there is none.
std::string overriding_drop_in(const SourceFile& source, const std::string& own,
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

/// Writes the drop-in at `path`. Returns the exit status.
int write_status(VerbContext& context, const Places& places, const SourceFile& source,
                 const std::string& path, const StatusVerb& verb) {
  const std::string& name = context.arguments.rest.front();
  const ReadText read = read_below(places.root);
  const std::string_view section = section_of(name, without_drop_in(source, path), read);
  const std::string other = overriding_drop_in(with_drop_in(source, path), path, section, read);
  if (!other.empty()) {
    return context.fail(ExitStatus::failed, name,
                        fmt::format("{} comes after {} and sets status too; take it out there",
                                    other, kStatusDropIn));
  }
  const std::string real = on_disk(places, path);
  const std::string text =
      fmt::format("# Written by zinitctl enable and zinitctl disable.\n[{}]\nstatus = \"{}\"\n",
                  section, verb.word);
  return tell_change(context, name,
                     make_parent(real).and_then([&] { return replace_file(real, text, {}); }));
}

int set_status(VerbContext& context, const StatusVerb& verb) {
  const std::string& name = context.arguments.rest.front();
  const bool now = context.arguments.has("now");
  if (now && context.arguments.has("root")) {
    throw VerbFailure{ExitStatus::usage,
                      "--now is for a server, --root for a system that does not run"};
  }
  const Places places = places_of(context);
  const SourceFile source = find_service_files(context, places, name);
  const std::string drop_in = own_drop_in(source, kStatusDropIn);
  const bool changed = !is_set(*finish(read_spec(source, {}, read_below(places.root))), verb);
  if (changed) {
    const int status = write_status(context, places, source, drop_in, verb);
    if (status != ExitStatus::done) return status;
  }
  JsonParams json;
  json.add("name", name).add("status", verb.word).add("changed", changed);
  json.add("file", changed ? drop_in : "");
  const std::string text =
      changed ? fmt::format("{} is {} from the next boot on: {}", name, verb.effect, drop_in)
              : fmt::format("{} is {} at boot already", name, verb.effect);
  // With --now and --json, the one document is the answer to the start or stop.
  if (!now || !context.json()) context.print_result(json.text(), printable(text) + "\n");
  return now ? find_verb(verb.word)->run(context) : ExitStatus::done;
}

}  // namespace

int run_enable(VerbContext& context) {
  return set_status(context, {StartStatus::start, "start", "started"});
}
int run_disable(VerbContext& context) {
  return set_status(context, {StartStatus::stop, "stop", "not started"});
}

}  // namespace zinit
