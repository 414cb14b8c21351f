# frozen_string_literal: true

# Lets a test drive Ruby's dalli: see ../agent.ts.

require 'base64'
require 'dalli'
require 'json'
require 'logger'
require 'openssl'

TIMEOUT_S = 10
VALUE_BYTES_MAX = 8 * 1024 * 1024

Dalli.logger = Logger.new($stderr)

def from_wire(value)
  value.is_a?(Hash) && value.keys == ['base64'] ? Base64.decode64(value['base64']) : value
end

def to_wire(value)
  case value
  when Hash then value.to_h { |key, each| [key, to_wire(each)] }
  when Array then value.map { |each| to_wire(each) }
  when String
    text = value.dup.force_encoding('UTF-8')
    text.valid_encoding? ? text : { base64: Base64.strict_encode64(value) }
  else value
  end
end

# One method for each operation.
class Operations
  def initialize(settings)
    options = { socket_timeout: TIMEOUT_S, value_max_bytes: VALUE_BYTES_MAX }
    login = { username: settings['username'], password: settings['password'] }
    options.merge!(login) if settings['username']
    options[:ssl_context] = tls(settings['certificateFile']) if settings['certificateFile']
    options[:protocol] = :meta if settings['meta']
    @client = Dalli::Client.new(settings['servers'], options)
  end

  def get(key) = @client.get(key)
  def get_many(keys) = @client.get_multi(keys)
  def get_many_cas(keys) = @client.get_multi_cas(keys).transform_values { |value, cas| [value, cas.to_s] }
  def get_and_touch(key, seconds) = @client.gat(key, seconds)
  def set(key, value, seconds = 0) = stored?(@client.set(key, value, seconds, raw(value)))
  def add(key, value) = stored?(@client.add(key, value, 0, raw(value)))
  def replace(key, value) = stored?(@client.replace(key, value, 0, raw(value)))
  def append(key, value) = @client.append(key, value) ? true : false
  def prepend(key, value) = @client.prepend(key, value) ? true : false
  def delete(key) = @client.delete(key) ? true : false
  def delete_cas(key, cas) = @client.delete_cas(key, cas.to_i) ? true : false
  def touch(key, seconds) = @client.touch(key, seconds) ? true : false
  def incr(key, amount) = @client.incr(key, amount)
  def decr(key, amount) = @client.decr(key, amount)
  def incr_from(key, amount, initial, seconds) = @client.incr(key, amount, seconds, initial)
  def stats(kind = nil) = @client.stats(kind&.to_sym).values.first
  def reset_stats = @client.reset_stats
  def version = @client.version.values.first
  def flush = @client.flush.all?

  # Inside a multi block dalli sends quiet commands.
  def set_many(values)
    @client.multi { values.each { |key, value| @client.set(key, value, 0, raw(value)) } }
    true
  end

  def set_quietly(key, value) = set_many(key => value)

  def gets(key)
    value, cas = @client.get_cas(key)
    cas.zero? ? nil : [value, cas.to_s]
  end

  def cas(key, value, cas)
    outcome = @client.set_cas(key, value, cas.to_i, 0, raw(value))
    return 'stored' if stored?(outcome)

    outcome ? 'missing' : 'exists'
  end

  private

  # The outcome of dalli is the new CAS id; false if the CAS id differs, 0 if there is no item.
  def stored?(outcome) = outcome ? outcome.positive? : false

  # Dalli must store strings raw: incr and append work only on raw values.
  def raw(value) = { raw: value.is_a?(String) }

  def tls(certificate)
    OpenSSL::SSL::SSLContext.new.tap do |context|
      context.ca_file = certificate
      context.verify_mode = OpenSSL::SSL::VERIFY_PEER
    end
  end
end

operations = Operations.new(JSON.parse(ARGV[0]))
$stdin.each_line do |line|
  name, *arguments = JSON.parse(line)
  reply =
    begin
      { value: to_wire(operations.public_send(name, *arguments.map { |each| from_wire(each) })) }
    rescue StandardError => e
      { error: "#{e.class}: #{e.message}" }
    end
  $stdout.puts(JSON.generate(reply))
  $stdout.flush
end
