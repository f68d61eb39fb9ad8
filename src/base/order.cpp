// Order of time.
#include "base/order.hpp"

#include <algorithm>

namespace zinit {

std::vector<std::size_t> order_of(const std::vector<std::int64_t>& times) {
  std::vector<std::size_t> order(times.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&times](std::size_t a, std::size_t b) {
    return times[a] != times[b] ? times[a] < times[b] : a < b;
  });
  return order;
}

}  // namespace zinit
