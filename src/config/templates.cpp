// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes instances of templates. See templates.hpp.
#include "config/templates.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/format.hpp"
#include "config/directory.hpp"
#include "config/keys.hpp"

namespace zinit {

namespace {

constexpr std::array kDependencyLists = {
    &Dependencies::requires_, &Dependencies::binds_to,    &Dependencies::after,
    &Dependencies::wants,     &Dependencies::conflicts,   &Dependencies::before,
    &Dependencies::bound_by,  &Dependencies::required_by, &Dependencies::wanted_by};

/// Replaces the % sequences in all strings of a document.
class Substitution {
 public:
  explicit Substitution(std::string_view name)
      : name_(name), instance_(name.substr(name.find('@') + 1)) {}

  /// Returns whether the texts are short enough.
  bool replace(Value& value) {
    if (value.type == ValueType::string) replace(value.string);
    for (Value& element : value.array)
      if (!replace(element)) return false;
    for (auto& [key, member] : value.table)
      if (!replace(member.value)) return false;
    return size_ <= kMaxFileBytes;
  }

 private:
  void replace(std::string& text) {
    std::string done;
    for (std::size_t at = 0; at < text.size() && size_ + done.size() <= kMaxFileBytes; ++at) {
      const char next = text[at] == '%' && at + 1 < text.size() ? text[at + 1] : '\0';
      if (next == 'i')
        done += instance_;
      else if (next == 'n')
        done += name_;
      else
        done += text[at];
      if (next == 'i' || next == 'n' || next == '%') ++at;
    }
    text = std::move(done);
    size_ += text.size();
  }

  const std::string_view name_, instance_;
  std::size_t size_ = 0;
};

/// Appends the instance's own drop-ins to those of its template.
void add(SourceFile& file, const DropIns& own) {
  file.drop_ins.insert(file.drop_ins.end(), own.paths.begin(), own.paths.end());
  file.found.insert(file.found.end(), own.found.begin(), own.found.end());
}

}  // namespace

std::string_view template_of(std::string_view name) noexcept {
  const auto at = name.find('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == name.size()) return {};
  return name.substr(0, at + 1);
}

bool is_template_name(std::string_view stem) noexcept {
  return stem.size() > 1 && stem.find('@') == stem.size() - 1;
}

std::string beside(const std::string& path, std::string_view instance) {
  return fmt::format("{}{}{}", path.substr(0, path.rfind('/') + 1), instance, kFileSuffix);
}

std::vector<std::string> own_drop_ins(const SourceFile& file) {
  std::vector<std::string> own;
  const std::string folder = fmt::format("/{}{}.d/", file.instance, kFileSuffix);
  for (const std::string& path : file.drop_ins)
    if (path.find(folder) != std::string::npos) own.push_back(path);
  return own;
}

void make_instance(Value& document, const std::string& name, Findings& findings) {
  const std::string_view own = template_of(name);
  for (const KindInfo& kind : kKinds) {
    const auto main = document.table.find(kind.name);
    if (main == document.table.end() || main->second.value.type != ValueType::table) continue;
    Member& given = main->second.value.table["name"];
    const Value& value = given.value;
    if (given.at.line == 0) {
      given.at = given.value.at = main->second.at;
    } else if (value.type != ValueType::string || value.string != own) {
      findings.add(Severity::error, value.at, fmt::format("{}.name", kind.name),
                   fmt::format("is {}, must be \"{}\" in a template, or left out",
                               value.type == ValueType::string ? in_quotes(value.string)
                                                               : type_phrase(value.type),
                               own));
    }
    given.value.type = ValueType::string;
    given.value.string = "%n";
  }
  if (!Substitution(name).replace(document))
    findings.add(Severity::error, {}, {},
                 fmt::format("its texts are longer than {} bytes as those of {}", kMaxFileBytes,
                             shown({.type = ValueType::string, .string = name})));
}

bool fill_in_name(Value& value, std::string_view name) { return Substitution(name).replace(value); }

Templates Templates::take_from(Listing& listing, const ReadText& read) {
  Templates all;
  std::vector<SourceFile> others;
  for (SourceFile& file : listing.files) {
    const std::string name(stem_of(file.path));
    if (!file.instance.empty() || !is_template_name(name) || name_fault(name + "1")) {
      others.push_back(std::move(file));
    } else if (const auto first = all.files_.find(name); first != all.files_.end()) {
      listing.findings.push_back(
          {file.path,
           {},
           Severity::error,
           {},
           fmt::format("\"{}\" is already the template in {}", name, first->second.path)});
    } else {
      all.files_.emplace(name, std::move(file));
    }
  }
  listing.files = std::move(others);
  const auto keep = [&](const std::string& path) {
    const FileIdentity identity = identity_of(path);
    if (auto text = read(path)) all.texts_.insert_or_assign(path, Text{identity, *std::move(text)});
  };
  for (const auto& [name, file] : all.files_) {
    keep(file.path);
    std::ranges::for_each(file.drop_ins, keep);
    for (const auto& [instance, own] : file.own) std::ranges::for_each(own.paths, keep);
  }
  return all;
}

std::vector<std::string> Templates::names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : files_) names.push_back(name);
  return names;
}

SourceFile Templates::source_of(const std::string& instance, const SourceFile* link) const {
  SourceFile file = files_.find(template_of(instance))->second;
  if (link != nullptr) {
    add(file, {link->drop_ins, link->found});
    file.link = link->link;
  } else if (const auto own = file.own.find(instance); own != file.own.end()) {
    add(file, own->second);
  }
  file.own.clear();
  file.instance = instance;
  file.named = true;  // the texts are kept, even if the file has vanished since
  for (std::size_t i = 0; i <= file.drop_ins.size(); ++i) {
    const auto text = texts_.find(i == 0 ? file.path : file.drop_ins[i - 1]);
    if (text == texts_.end()) break;
    file.identities.push_back(text->second.identity);
  }
  return file;
}

ReadText Templates::reader(ReadText others) const {
  return [this, others = std::move(others)](const std::string& path) -> Result<std::string> {
    const auto text = texts_.find(path);
    return text != texts_.end() ? text->second.text : others(path);
  };
}

void add_instance_names(const ServiceSpec& spec, std::vector<std::string>& wanted) {
  for (const auto list : kDependencyLists)
    for (const Dependency& dependency : (*spec.dependencies).*list)
      if (!template_of(dependency.name).empty()) wanted.push_back(dependency.name);
}

std::vector<ParsedSpec> make_instances(const Templates& templates, std::vector<std::string> wanted,
                                       FunctionRef<bool(const std::string& name)> there,
                                       const ServiceDefaults& defaults, std::size_t* left_out) {
  std::vector<ParsedSpec> made;
  std::unordered_set<std::string> seen;
  std::size_t begin = 0;  // the first one of the last round
  const ReadText read = templates.reader(read_from_disk);
  for (int chain = 1; !wanted.empty(); ++chain) {
    std::vector<SourceFile> files;
    // Takes the name. False if a limit forbids it.
    const auto take = [&](const std::string& name) {
      if (!templates.makes(name) || there(name) || seen.contains(name)) return true;
      if (chain > kLongestChain || seen.size() >= kMostInstances) return false;
      seen.insert(name);
      files.push_back(templates.source_of(name));
      return true;
    };
    if (chain == 1) {
      const auto taken = std::ranges::count_if(wanted, take);
      if (left_out != nullptr) *left_out = wanted.size() - static_cast<std::size_t>(taken);
    }
    for (std::size_t i = begin; i < made.size(); ++i) {
      ParsedSpec& one = made[i];
      for (const auto list : kDependencyLists) {
        for (const Dependency& dependency : (*one.spec->dependencies).*list) {
          if (has_error(one.diagnostics, false) || take(dependency.name)) continue;
          one.diagnostics.push_back(
              {one.spec->file_of(dependency.at), dependency.at, Severity::error, "dependencies",
               chain > kLongestChain
                   ? fmt::format("\"{}\" would be the end of a chain of {} instances that name "
                                 "one another, at most {} are made",
                                 dependency.name, chain, kLongestChain)
                   : fmt::format("\"{}\" is not made: {} instances of templates are made at most",
                                 dependency.name, kMostInstances)});
          sort_by_place(one.diagnostics);
        }
      }
    }
    begin = made.size();
    wanted.clear();
    for (ParsedSpec& one : parse_files(files, defaults, read)) {
      if (!has_error(one.diagnostics, false)) add_instance_names(*one.spec, wanted);
      made.push_back(std::move(one));
    }
  }
  return made;
}

}  // namespace zinit
