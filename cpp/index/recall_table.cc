#include "index/recall_table.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/types.h"

namespace ruvector {
namespace {

constexpr size_t kMostPoints = 64;

// Between two measured lengths recall is taken to rise with the logarithm of the length.
std::optional<double> Reach(const std::vector<RecallTable::Point>& points, double recall,
                            double RecallTable::Point::*at) {
  for (size_t i = 0; i < points.size(); ++i) {
    const double high = points[i].*at;
    if (high < recall) continue;
    if (i == 0 || points[i - 1].*at <= 0) return static_cast<double>(points[i].ef);
    const double low = points[i - 1].*at;
    const double share = high > low ? (recall - low) / (high - low) : 1;
    const double from = std::log(static_cast<double>(points[i - 1].ef));
    return std::exp(from + share * (std::log(static_cast<double>(points[i].ef)) - from));
  }
  return std::nullopt;
}

}  // namespace

RecallTable::RecallTable(std::vector<Point> points, size_t linked)
    : points_(std::move(points)), linked_(linked) {
  // A longer walk finds no less: where it seems so, the sample was small.
  for (size_t i = 1; i < points_.size(); ++i) {
    points_[i].at_10 = std::max(points_[i].at_10, points_[i - 1].at_10);
    points_[i].at_100 = std::max(points_[i].at_100, points_[i - 1].at_100);
  }
}

std::optional<size_t> RecallTable::EfFor(double recall, size_t k) const {
  const std::optional<double> for_10 = Reach(points_, recall, &Point::at_10);
  if (!for_10) return std::nullopt;
  double ef = *for_10;
  if (k > 10) {
    const std::optional<double> for_100 = Reach(points_, recall, &Point::at_100);
    if (!for_100) return std::nullopt;
    const double wanted = static_cast<double>(k);
    ef = k >= 100 ? *for_100 * wanted / 100
                  : std::exp(std::log(*for_10) +
                             std::log10(wanted / 10) * (std::log(*for_100) - std::log(*for_10)));
  }
  const size_t whole = static_cast<size_t>(std::ceil(ef));
  return whole <= kMaxEf ? std::optional(whole) : std::nullopt;
}

std::string RecallTable::ToJson() const {
  std::string json = "{\"linked\":" + std::to_string(linked_) + ",\"points\":[";
  for (const Point& p : points_) {
    if (json.back() != '[') json += ',';
    json += '[' + std::to_string(p.ef) + ',';
    AppendJsonNumber(json, p.at_10);
    json += ',';
    AppendJsonNumber(json, p.at_100);
    json += ']';
  }
  return json + "]}";
}

RecallTable RecallTable::FromJson(const Json& json) {
  const auto require = [](bool sound) {
    if (!sound) throw Error(ErrorCode::kCorrupt, "info has no valid \"recall\"");
  };
  const Json* linked = FindMember(json, "linked");
  const Json* points = FindMember(json, "points");
  require(linked != nullptr && linked->IsUint() && points != nullptr && points->IsArray() &&
          points->Size() <= kMostPoints);
  std::vector<Point> read;
  for (const Json& p : points->GetArray()) {
    require(p.IsArray() && p.Size() == 3 && p[0].IsUint() && p[1].IsNumber() && p[2].IsNumber());
    const Point point{p[0].GetUint(), p[1].GetDouble(), p[2].GetDouble()};
    require(point.ef >= 1 && point.ef <= kMaxEf && (read.empty() || point.ef > read.back().ef) &&
            point.at_10 >= 0 && point.at_10 <= 1 && point.at_100 >= 0 && point.at_100 <= 1);
    read.push_back(point);
  }
  return {std::move(read), linked->GetUint()};
}

}  // namespace ruvector
