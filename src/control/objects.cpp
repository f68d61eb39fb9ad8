// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The JSON Schemas of the objects of the protocol: see objects.hpp.
#include "control/objects.hpp"

#include "base/format.hpp"

namespace zinit {

namespace {

std::string reference(std::string_view object) {
  return fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", object);
}

/// The schema of one object. If the shape has `more`, the schema demands the members of both.
std::string schema_of_one(const Shape& shape) {
  const std::string one = reference(shape.object);
  return shape.more.empty() ? one
                            : fmt::format(R"({{"allOf":[{},{}]}})", one, reference(shape.more));
}

template <class T>
void put_object_schema(JsonWriter& writer) {
  writer.key(protocol::Object<T>::kName).begin_object().member("type", "object");
  writer.key("properties").begin_object();
  for (const ObjectMember& member : protocol::Members<T>::kList)
    put_schema(writer.quoted_key(member.quoted), member.shape);
  writer.end_object().key("required").begin_array();
  for (const ObjectMember& member : protocol::Members<T>::kList)
    if (member.always) writer.put(member.name());
  writer.end_array().end_object();
}

}  // namespace

void put_schema(JsonWriter& writer, const Shape& shape) {
  if (shape.object.empty()) {
    writer.put_raw(shape.json);
  } else if (shape.list) {
    writer.begin_object().member("type", "array");
    writer.key("items").put_raw(schema_of_one(shape)).end_object();
  } else if (shape.null) {
    writer.begin_object().key("oneOf").begin_array().put_raw(schema_of_one(shape));
    writer.begin_object().member("type", "null").end_object().end_array().end_object();
  } else {
    writer.put_raw(schema_of_one(shape));
  }
}

void put_schemas(JsonWriter& writer) {
#define ZINIT_OBJECT(type, name) put_object_schema<protocol::type>(writer);
#include "zinit/objects.inc"
}

}  // namespace zinit
