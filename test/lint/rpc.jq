# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# From the answer to rpc.discover: the parts of zinit-rpc(7) that list the methods and the objects.
# usage: jq -r --arg part methods|objects -f test/lint/rpc.jq

def listed: if length < 2 then join("") else (.[:-1] | join(", ")) + " and " + .[-1] end;

# What a schema describes, in words.
def words:
  if ."$ref" then (."$ref" | split("/")[-1]) |
    (if test("^[aeio]") then "an " else "a " end) + .
  elif .allOf then (.allOf[0] | words) + " with the members of " +
    (.allOf[1:] | map(."$ref" | split("/")[-1]) | listed)
  elif .oneOf then (.oneOf | map(words) | join(", or "))
  elif .enum then "one of " + (.enum | map(tostring) | join(", "))
  elif .properties then "an object with " + (.properties | to_entries |
    map(.key + if .value.const then " = " + (.value.const | tojson) else "" end) | listed)
  elif (.type | type) == "array" then (.type | join(" or "))
  elif .type == "array" then "an array; each element is " + (.items | words)
  elif .type == "object" then "an object"
  elif .type == "boolean" then "true or false"
  elif .type == "string" then "a string"
  else .type // "any value" end;

def page: gsub("-"; "\\-") | gsub("\""; "\\(dq");
def sentence: (.[:1] | ascii_upcase) + .[1:] + "." | page;

def parameter: [".It Ar " + .name, (.description | sentence),
  if .required then "Required." elif .schema | has("default") then
    "Default: " + (.schema.default | tojson | page) + "." else empty end] | .[];

def method($aliases):
  ".It Cm " + .name + (if .params == [] then "" else " Ar \"" +
    (.params | map(if .required then .name else "[" + .name + "]" end) | join(", ")) + "\"" end),
  (.summary | sentence),
  if $aliases == [] then empty else "Also called " + ($aliases | listed) + "." end,
  if .params == [] then empty
  else ".Bl -tag -width Ds -compact", (.params[] | parameter), ".El" end,
  "Result: " + (.result.schema | words | page) + ".";

.result as $all | if $part == "methods" then
  $all.methods[] | select(has("x-alias-of") | not) | .name as $name |
    method([$all.methods[] | select(."x-alias-of" == $name) | .name])
else
  $all.components.schemas | to_entries[] | ".It Cm " + .key, (.value | words | sentence)
end
