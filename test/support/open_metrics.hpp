// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Reads OpenMetrics text by its specification, and fails the test if the text violates it:
// https://prometheus.io/docs/specs/om/open_metrics_spec/

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace zinit::test {

class OpenMetrics {
 public:
  explicit OpenMetrics(const std::string& text) {
    REQUIRE(text.ends_with("\n# EOF\n"));
    std::string_view rest(text);
    rest.remove_suffix(std::string_view("# EOF\n").size());
    while (!rest.empty()) {
      const std::string line(rest.substr(0, rest.find('\n')));
      rest.remove_prefix(line.size() + 1);
      INFO(line);
      line.starts_with("# ") ? read_header(line) : read_sample(line);
    }
    for (const auto& [name, count] : samples_of_family_) CHECK(count > 0);
  }

  /// The value of a sample, `name{label="value"}` as written; "" if it is missing.
  [[nodiscard]] std::string operator[](const std::string& sample) const {
    const auto found = values_.find(sample);
    return found == values_.end() ? std::string() : found->second;
  }
  [[nodiscard]] double number(const std::string& sample) const {
    INFO(sample);
    REQUIRE(values_.contains(sample));
    return std::stod(values_.at(sample));
  }
  /// The number of samples with this name.
  [[nodiscard]] std::size_t count(const std::string& name) const {
    return static_cast<std::size_t>(
        std::count_if(values_.begin(), values_.end(), [&](const auto& each) {
          return each.first == name || each.first.starts_with(name + "{");
        }));
  }

 private:
  /// Families follow one another, each with its type, its unit if its name has one, and its help.
  void read_header(const std::string& line) {
    const std::size_t name_at = line.find(' ', 2) + 1;
    const std::size_t name_end = line.find(' ', name_at);
    const std::string what = line.substr(2, name_at - 3);
    const std::string name = line.substr(name_at, name_end - name_at);
    const std::string value = line.substr(name_end + 1);
    if (what == "TYPE") {
      CHECK_FALSE(samples_of_family_.contains(name));  // each once, and not inside another
      CHECK((value == "counter" || value == "gauge"));
      samples_of_family_[name] = 0;
      family_ = name;
      type_ = value;
      unit_.clear();
      return;
    }
    REQUIRE(name == family_);
    CHECK(samples_of_family_[name] == 0);
    CHECK_FALSE(value.empty());
    if (what == "UNIT") {
      unit_ = value;
      CHECK(name.ends_with("_" + value));
    } else {
      REQUIRE(what == "HELP");
      CHECK(value.find_first_of("\"\\") == std::string::npos);
      for (const char* known : {"_seconds", "_bytes"})
        if (name.ends_with(known)) CHECK_FALSE(unit_.empty());
    }
  }

  void read_sample(const std::string& line) {
    const std::string name = line.substr(0, line.find_first_of("{ "));
    CHECK(name == family_ + (type_ == "counter" ? "_total" : ""));
    std::size_t at = name.size();
    if (line[at] == '{') at = labels_end(line, at + 1);
    const std::string value = line.substr(at + 1);
    REQUIRE(line[at] == ' ');
    CHECK_FALSE(value.empty());
    CHECK(value.find_first_not_of("0123456789.") == std::string::npos);
    CHECK(values_.emplace(line.substr(0, at), value).second);  // no two with the same labels
    ++samples_of_family_[family_];
  }

  /// The position after the brace that ends the labels.
  static std::size_t labels_end(const std::string& line, std::size_t at) {
    while (true) {
      const std::size_t value = line.find("=\"", at);
      REQUIRE(value != std::string::npos);
      CHECK(line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at) == value);
      for (at = value + 2; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] != '\\') continue;
        ++at;
        CHECK(std::string("\\\"n").find(line[at]) != std::string::npos);
      }
      REQUIRE(at + 1 < line.size());
      if (line[++at] == '}') return at + 1;
      REQUIRE(line[at] == ',');
      ++at;
    }
  }

  std::map<std::string, std::string> values_;
  std::map<std::string, int> samples_of_family_;
  std::string family_, type_, unit_;
};

}  // namespace zinit::test
