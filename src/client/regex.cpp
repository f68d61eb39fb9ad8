// Regular expressions: from their text to a program, and its run.
#include "client/regex.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr char32_t kLast = 0x10ffff;
constexpr int kMostRepeats = 255;  // RE_DUP_MAX, as POSIX has it
constexpr int kDeepest = 100;      // parentheses in parentheses
// For {N} of {N} of {N}, which may leave few steps or none.
constexpr std::size_t kMostCopied = 10 * Regex::kMostSteps;

/// The code point at `at`, which moves behind it.
char32_t take(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0xc0) return lead;
  const int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  char32_t c = lead & (0x3fU >> more);
  for (int i = 0; i < more && at < text.size(); ++i)
    c = c << 6 | (static_cast<unsigned char>(text[at++]) & 0x3fU);
  return c;
}

struct NamedClass {
  std::string_view name;
  std::string_view ranges;  // pairs of first and last
};

constexpr std::array kClasses = {
    NamedClass{"alnum", "azAZ09"},   NamedClass{"alpha", "azAZ"},
    NamedClass{"blank", "  \t\t"},   NamedClass{"cntrl", std::string_view("\0\x1f\x7f\x7f", 4)},
    NamedClass{"digit", "09"},       NamedClass{"graph", "!~"},
    NamedClass{"lower", "az"},       NamedClass{"print", " ~"},
    NamedClass{"punct", "!/:@[`{~"}, NamedClass{"space", "  \t\r"},
    NamedClass{"upper", "AZ"},       NamedClass{"xdigit", "09afAF"},
};

}  // namespace

bool Regex::Set::has(char32_t c) const {
  const bool in = std::any_of(ranges.begin(), ranges.end(), [c](const auto& range) {
    return range.first <= c && c <= range.second;
  });
  return in != negated;
}

// --- from text to steps ---

/// By recursion, as deep as the parentheses are. Functions answer false where `fault` says why.
class RegexParser {
 public:
  RegexParser(std::string_view text, Regex& regex) : text_(text), regex_(regex) {}

  [[nodiscard]] bool parse() {
    if (!alternatives()) return false;
    if (!done()) return fail("there is a ) without its (");
    regex_.steps_.push_back({Regex::Op::match});
    return true;
  }

  std::string fault;

 private:
  using Op = Regex::Op;

  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  [[nodiscard]] char here() const { return done() ? '\0' : text_[at_]; }
  [[nodiscard]] bool skip(char c) {
    if (done() || here() != c) return false;
    ++at_;
    return true;
  }
  bool fail(std::string why) {
    fault = std::move(why);
    return false;
  }

  [[nodiscard]] std::size_t size() const { return regex_.steps_.size(); }
  [[nodiscard]] bool has_room() { return size() < Regex::kMostSteps || fail("it is too large"); }
  void insert(std::size_t at, Op op, std::ptrdiff_t first, std::ptrdiff_t second = 0) {
    regex_.steps_.insert(regex_.steps_.begin() + static_cast<std::ptrdiff_t>(at),
                         {op, static_cast<std::int32_t>(first), static_cast<std::int32_t>(second)});
  }
  [[nodiscard]] std::ptrdiff_t length_from(std::size_t start) const {
    return static_cast<std::ptrdiff_t>(size() - start);
  }

  bool alternatives() {
    const std::size_t start = size();
    if (!sequence()) return false;
    if (!skip('|')) return true;
    insert(start, Op::fork, 1, length_from(start) + 2);
    const std::size_t jump = size();
    insert(jump, Op::jump, 0);
    if (!alternatives()) return false;
    regex_.steps_[jump].first = static_cast<std::int32_t>(length_from(jump));
    return true;
  }

  bool sequence() {
    while (!done() && here() != '|' && here() != ')')
      if (!has_room() || !repeated()) return false;
    return true;
  }

  bool repeated() {
    const std::size_t start = size();
    if (!atom()) return false;
    bool any = false;   // it may be there as often as one likes,
    bool none = false;  // or not at all: once more of the same adds nothing
    while (!done()) {
      if (skip('*')) {
        if (!any || !none) star(start);
        any = none = true;
      } else if (skip('+')) {
        if (!std::exchange(any, true)) insert(size(), Op::fork, -length_from(start), 1);
      } else if (skip('?')) {
        if (!std::exchange(none, true)) insert(start, Op::fork, 1, length_from(start) + 1);
      } else if (here() == '{') {
        if (!counted(start)) return false;
        any = none = false;
      } else {
        break;
      }
    }
    return true;
  }

  void star(std::size_t start) {
    insert(start, Op::fork, 1, length_from(start) + 2);
    insert(size(), Op::jump, -length_from(start));
  }

  std::optional<int> number() {
    const std::size_t from = at_;
    while (!done() && here() >= '0' && here() <= '9') ++at_;
    const auto value = parse_integer(text_.substr(from, at_ - from));
    if (!value || *value > kMostRepeats) return std::nullopt;
    return static_cast<int>(*value);
  }

  /// Of what was read so far as a whole, from `start` on.
  bool counted(std::size_t start) {
    ++at_;
    const auto least = number();
    auto most = least;
    const bool open = skip(',') && here() == '}';
    if (!open && text_[at_ - 1] == ',') most = number();
    if (!least || !most || *most < *least || !skip('}'))
      return fail(fmt::format("{{ is not followed by N}}, N,}} or N,M}} with numbers up to {}",
                              kMostRepeats));
    auto& steps = regex_.steps_;
    const std::vector<Regex::Step> part(steps.begin() + static_cast<std::ptrdiff_t>(start),
                                        steps.end());
    steps.resize(start);
    const auto again = [&](std::size_t& begin) {
      begin = size();
      copied_ += part.size() + 1;
      if (copied_ > kMostCopied || size() + part.size() > Regex::kMostSteps)
        return fail("it is too large");
      steps.insert(steps.end(), part.begin(), part.end());
      return true;
    };
    std::size_t begin = start;
    for (int i = 0; i < *least; ++i)
      if (!again(begin)) return false;
    if (open) {
      if (!again(begin)) return false;
      star(begin);
    }
    for (int i = *least; !open && i < *most; ++i) {
      if (!again(begin)) return false;
      insert(begin, Op::fork, 1, length_from(begin) + 1);
    }
    return true;
  }

  bool atom() {
    const std::size_t before = at_;
    const char32_t c = take(text_, at_);
    switch (c) {
      case '(': return group();
      case '[': return set();
      case '.': return one({false, {{0, kLast}}});
      case '^': insert(size(), Op::begin, 0); return true;
      case '$': insert(size(), Op::end, 0); return true;
      case '*':
      case '+':
      case '?':
      case '{':
        return fail(fmt::format("there is nothing before {} that it could repeat", text_[before]));
      case '\\': return escaped();
      default: return one({false, {{c, c}}});
    }
  }

  bool group() {
    if (++depth_ > kDeepest) return fail("it is nested too deeply");
    if (!alternatives()) return false;
    --depth_;
    return skip(')') || fail("there is a ( without its )");
  }

  bool escaped() {
    if (done()) return fail("there is nothing behind the last \\");
    const char c = here();
    if (std::string_view(R"(.[\()*+?{|^$)]}/")").find(c) == std::string_view::npos) {
      return fail(
          fmt::format("\\{} is not part of POSIX extended regular expressions; classes are "
                      "written [[:digit:]], [[:space:]]",
                      printable(std::string_view(&c, 1))));
    }
    ++at_;
    return one({false, {{static_cast<char32_t>(c), static_cast<char32_t>(c)}}});
  }

  bool one(Regex::Set set) {
    insert(size(), Op::one, static_cast<std::ptrdiff_t>(regex_.sets_.size()));
    regex_.sets_.push_back(std::move(set));
    return true;
  }

  bool set() {
    Regex::Set set;
    set.negated = skip('^');
    for (bool first = true; first || here() != ']'; first = false)
      if (done() || !element(set))
        return fault.empty() ? fail("there is a [ without its ]") : false;
    ++at_;
    return one(std::move(set));
  }

  bool element(Regex::Set& set) {
    if (text_.substr(at_, 2) == "[:") return named_class(set);
    const auto first = character();
    if (!first) return false;
    char32_t last = *first;
    if (here() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
      ++at_;
      const auto end = character();
      if (!end) return false;
      last = *end;
      if (last < *first) return fail("a range in [ ] ends before it begins");
    }
    set.ranges.emplace_back(*first, last);
    return true;
  }

  /// One of a set; also as [.x.] or [=x=].
  std::optional<char32_t> character() {
    const std::string_view opening = text_.substr(at_, 2);
    if (opening != "[." && opening != "[=") return take(text_, at_);
    const char mark = opening[1];
    at_ += 2;
    const char32_t c = done() ? 0 : take(text_, at_);
    if (!skip(mark) || !skip(']')) {
      fail("[. .] and [= =] hold one character");
      return std::nullopt;
    }
    return c;
  }

  bool named_class(Regex::Set& set) {
    const auto end = text_.find(":]", at_ + 2);
    const std::string_view name = text_.substr(at_ + 2, end - at_ - 2);
    const auto* const found =
        std::find_if(kClasses.begin(), kClasses.end(),
                     [&](const NamedClass& known) { return known.name == name; });
    if (end == std::string_view::npos || found == kClasses.end()) {
      std::string known;
      for (const NamedClass& each : kClasses)
        known.append(known.empty() ? "" : ", ").append(each.name);
      return fail(
          fmt::format("no class [:{}:]; there are {}", printable(shortened(name, 20)), known));
    }
    for (std::size_t i = 0; i < found->ranges.size(); i += 2)
      set.ranges.emplace_back(found->ranges[i], found->ranges[i + 1]);
    at_ = end + 2;
    return true;
  }

  const std::string_view text_;
  Regex& regex_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::size_t copied_ = 0;  // steps, by all {N}, and one each time
};

Result<Regex> Regex::compile(std::string_view expression) {
  if (!valid_utf8(expression)) return failure("it is not valid UTF-8");
  Regex regex;
  RegexParser parser(expression, regex);
  if (!parser.parse()) return failure(parser.fault);
  return regex;
}

// --- the run ---

/// The steps that are being looked at, before one character and before the next.
class Regex::Run {
 public:
  explicit Run(const Regex& regex) : regex_(regex), seen_(regex.steps_.size()) {}

  bool over(std::string_view text) {
    std::size_t at = 0;
    while (true) {
      ++round_;
      const bool ends = at == text.size();
      for (const std::size_t step : next_) follow(step, at == 0, ends);
      follow(0, at == 0, ends);
      if (matched_ || ends) return matched_;
      const char32_t c = take(text, at);
      next_.clear();
      for (const std::size_t step : now_) {
        const auto set = static_cast<std::size_t>(regex_.steps_[step].first);
        if (regex_.sets_[set].has(c)) next_.push_back(step + 1);
      }
      now_.clear();
    }
  }

 private:
  /// Puts the steps that take a character and can be reached from `step` among those of now.
  void follow(std::size_t first, bool begins, bool ends) {
    todo_.push_back(first);
    while (!todo_.empty()) {
      const std::size_t step = todo_.back();
      todo_.pop_back();
      if (std::exchange(seen_[step], round_) == round_) continue;
      const Step& what = regex_.steps_[step];
      const auto at = [step](std::int32_t offset) {
        return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(step) + offset);
      };
      switch (what.op) {
        case Op::one: now_.push_back(step); break;
        case Op::begin:
          if (begins) todo_.push_back(step + 1);
          break;
        case Op::end:
          if (ends) todo_.push_back(step + 1);
          break;
        case Op::fork: todo_.push_back(at(what.second)); [[fallthrough]];
        case Op::jump: todo_.push_back(at(what.first)); break;
        case Op::match: matched_ = true; break;
      }
    }
  }

  const Regex& regex_;
  std::vector<std::size_t> seen_;  // by step: the last round in which it was come to
  std::size_t round_ = 0;
  std::vector<std::size_t> now_, next_, todo_;
  bool matched_ = false;
};

bool Regex::matches(std::string_view text) const { return Run(*this).over(text); }

}  // namespace zinit
