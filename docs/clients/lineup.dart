// First download by parts, changes, long poll: packages http and crypto. On a phone, run it in an isolate.
import 'dart:convert';
import 'dart:io';
import 'dart:math';
import 'package:crypto/crypto.dart';
import 'package:http/http.dart' as http;

typedef Row = Map<String, dynamic>;
const kinds = ['channel', 'movie', 'series'];

class Catalogue {
  Catalogue(this.version, this.categories, this.items);
  final String version;
  final List<Row> categories;
  final Map<String, List<Row>> items;
}

class Lineup {
  Lineup(this.server, String provider, this.folder, {this.view = 'lite'}) : api = '/api/providers/$provider';
  final Uri server;
  final Directory folder; // parts are kept: a download that was cut goes on
  final String view, api;

  Future<List<int>?> _get(String path, [int tries = 0]) async { // null: 410, begin anew
    http.Response? answer;
    try {
      answer = await http.get(server.resolve(path)).timeout(const Duration(seconds: 90));
    } on Exception catch (_) {}
    final code = answer?.statusCode ?? 599;
    if (code == 410) return null;
    if (code < 300) return answer!.bodyBytes;
    if (tries == 8 || (code < 500 && code != 409 && code != 429)) throw HttpException('$path: $code');
    final asked = int.tryParse(answer?.headers['retry-after'] ?? '');
    final wait = asked != null ? asked * 1000 : Random().nextInt(min(200 << tries, 10000));
    await Future<void>.delayed(Duration(milliseconds: wait));
    return _get(path, tries + 1);
  }

  Future<Row?> _json(String path) async {
    final body = await _get(path);
    return body == null ? null : jsonDecode(utf8.decode(body)) as Row;
  }

  Future<String> _text(String base, Row part) async {
    final name = part['encodings']['gzip']['sha256'] as String;
    final file = File('${folder.path}/$name');
    for (var tries = 0; tries < 5; tries++) {
      final bytes = file.existsSync() ? file.readAsBytesSync() : await _get('$base/$name') ?? <int>[];
      if ('${sha256.convert(bytes)}' == name) {
        file.writeAsBytesSync(bytes);
        return utf8.decode(gzip.decode(bytes));
      }
      if (file.existsSync()) file.deleteSync();
    }
    throw HttpException('$name does not come as it should');
  }

  Future<Catalogue> download() async {
    final manifest = (await _json('$api/snapshot/manifest?view=$view'))!;
    final base = manifest['blobBase'] as String, items = <String, List<Row>>{};
    for (final kind in kinds) {
      final rows = items[kind] = [];
      for (final part in manifest['kinds'][kind]['parts']) {
        final lines = (await _text(base, part as Row)).split('\n').where((line) => line.isNotEmpty);
        rows.addAll(lines.map((line) => jsonDecode(line) as Row));
      }
    }
    final index = jsonDecode(await _text(base, manifest['index'] as Row));
    return Catalogue(manifest['version'] as String, List<Row>.from(index['categories'] as List), items);
  }

  Future<Catalogue> update(Catalogue mine) async {
    final upserts = <Row>[], gone = <String>{};
    Row page = {'next': '$api/changes?since=${mine.version}&view=$view'};
    while (page['next'] != null) {
      final found = await _json(page['next'] as String);
      if (found == null) return download();
      page = found;
      upserts.addAll(List<Row>.from(page['upserts'] as List));
      gone.addAll(List<String>.from(page['deletes'] as List));
    }
    gone.addAll(upserts.map((row) => '${row['kind']}:${row['id']}'));
    List<Row> kept(String kind, List<Row> rows) => rows.where((row) => !gone.contains('$kind:${row['id']}')).toList();
    final items = {for (final kind in kinds) kind: kept(kind, mine.items[kind]!)};
    for (final kind in kinds) {
      final rows = upserts.where((row) => row['kind'] == kind).toList();
      rows.sort((a, b) => (a['place'] as int) - (b['place'] as int));
      for (final row in rows) {
        items[kind]!.insert((row['place'] as int) - 1, {...row}..remove('place')..remove('ordinal'));
      }
    }
    final rows = upserts.where((row) => row['kind'] == 'category').map((row) => {...row, 'kind': row['itemKind']}..remove('itemKind'));
    final categories = [...kept('category', mine.categories), ...rows];
    String order(Row row) => '${kinds.indexOf(row['kind'] as String)} ${'${row['position']}'.padLeft(12, '0')} ${row['id']}';
    categories.sort((a, b) => order(a).compareTo(order(b)));
    final count = items.values.fold<int>(0, (sum, rows) => sum + rows.length);
    return count == page['countAfter'] ? Catalogue(page['to'] as String, categories, items) : download();
  }

  Stream<Catalogue> watch(Catalogue mine) async* {
    while (true) {
      final head = (await _json('$api/snapshot/head?after=${mine.version}&wait=25'))!;
      if (head['version'] == mine.version) continue;
      final spread = Random().nextInt((head['spreadMs'] as int) + 1); // not all phones at once
      await Future<void>.delayed(Duration(milliseconds: spread));
      yield mine = await update(mine);
    }
  }
}
