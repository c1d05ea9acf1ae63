/* Foreverframe's client: made of client/, documented in docs/client.md. */
!function(ge){var ye,s,a,t,we,u,l,f,c,i,_e,Be,Te,d,y,p,m,w,be,Me,e,Se,v;function ke(){return(new Date).getTime()}
function Ee(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function h(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function g(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function T(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function Oe(e){try{
return ge.JSON?ge.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function Ie(){
return"hidden"!==ye.visibilityState}function Le(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function b(){
return ge.XMLHttpRequest?new ge.XMLHttpRequest:new ge.ActiveXObject("Microsoft.XMLHTTP")}function Ue(e,n,t,r,o){var c,
i=b();return i.open(e,n,!0),M(i,o),c=T(a,i),i.onreadystatechange=function(){4===i.readyState&&(a[c]=null),
r&&2<i.readyState&&r(i)},i.send(t),i}function M(e,n){n&&e.setRequestHeader("Authorization","Bearer "+n)}function Ce(e,n,
t){try{Ue("POST",e,n,null,t)}catch(r){!function(e){var n=ye.createElement("div"),t="foreverframe"+String(Math.random()
).substring(2);n.style.display="none",
n.innerHTML='<iframe name="'+t+'"></iframe><form method="post" target="'+t+'"></form>',ye.body.appendChild(n),
n.lastChild.action=e,n.lastChild.submit(),setTimeout(function(){n.parentNode&&n.parentNode.removeChild(n)},1e4)}(e)}}
function We(e,n,t){var r;try{t&&ge.fetch?ge.fetch(e,{method:"POST",keepalive:!0,headers:{Authorization:"Bearer "+t}})[
"catch"](function(){}):ge.navigator.sendBeacon&&ge.navigator.sendBeacon(e,"")||((r=b()).open("POST",e,!1),M(r,t),r.send(
""))}catch(o){}}function Ne(e,n){return 0<e?Number(e):n}function Xe(e){return!e.transport||"auto"===e.transport}
function xe(e){return e.replace(/[^.]*$/,"")}function Re(e,n){return null!==e&&null!==n&&xe(e)===xe(n)&&e<=n}
function $e(e,n,t){return{type:"close",reason:e,reconnect:!1,retryMs:0,cursor:n,text:t}}function Ae(e){
return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function S(){for(var e=l.pop();e;
)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function k(e){try{return e.contentWindow.document.readyState}catch(
n){return"denied"}}function E(){try{return ge.localStorage||null}catch(e){return null}}function Pe(e,n){var t=E(),r=i[e]
try{r=r||t&&t.getItem(c+e)}catch(o){}return 0<(t=r?r-ke():0)&&t<=n?t:0}function Fe(e,n){var t=E();i[e]=n&&ke()+n;try{
n?t.setItem(c+e,String(i[e])):t.removeItem(c+e)}catch(r){}}function He(e){return e.signs+":"+(e.sign?e.sign():"")}
function je(t,e,r,o){var c,i=Math.max(y,Math.min(e,r)/d),a=0,s=0,u=p,l=ke();Ee(i*Math.random(),function f(){var e=He(t),
n=ke()-l>i+m;t.isLive()&&(l=ke(),a++,e!==c?(c=e,s=0,u=p):t.isUnwatched||(s+=n?p:1),!t.isUnwatched&&a*i>w*Math.min(r,Te
)&&o.good(),r<=s*i?o.silent():(Ee(i,f),u<=s?(u=s+d,o.missed()):n&&Ie()&&o.missed()))})}function n(n){g(Se.slice(0),
function(e){e[n]()})}function r(){Me=!0,n("begin")}function o(){n("wake")}ge.foreverframe&&ge.foreverframe.open||(
ye=ge.document,s=ge.location,a=[],t=2147483647,u=[],l=[],(we={}).frame=function(n){var e,t=n.origin!==Le(s),
r=t?ye:function(){try{return f||((f=new ge.ActiveXObject("htmlfile")).open(),f.write("<html><body></body></html>"),
f.close(),f.parentWindow.foreverframe=v),f.body?f:ye}catch(e){return ye}}(),o=r.createElement("iframe"),c=T(u,n),
i="push"+(c||""),a=!1;v[i]=function(e){a=a||"loading"===k(o),u[c]&&u[c].receive(e)},n.stop=function(){clearInterval(e),
u[c]=null,l[l.length]=o,setTimeout(S,0)},t?n.isSource=function(e){return e&&e==o.contentWindow
}:r===ye&&ge.addEventListener?(n.sign=function(){return function(e){try{
return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}}(o)},e=setInterval(function(){
var e=k(o);("denied"===e||a&&"loading"!==e)&&n.end()},250)):n.isUnwatched=!0,h(o,"load",function(){n.end()}),
o.style.display="none",o.referrerPolicy="origin",o.src=n.url(t?"&origin="+encodeURIComponent(Le(s)
):"&callback=parent.foreverframe."+i),r.body.appendChild(o)},h(ge,"message",function(n){g(u,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(Oe(n.data))})}),we.poll=function(o){var r,c,i=null;
o.isUnwatched=!0,o.stop=function(e){clearTimeout(c),r&&(i||o.earlier||e)&&r.abort()},function a(n){var t=ke(),
e=i||o.earlier,e="&wait="+n+(e?"&stream="+encodeURIComponent(e):"");o.limit(1e3*n),r=Ue("GET",o.url(e+"&at="+t),null,
function(e){4===e.readyState&&!function(e,n){var t,r=e&&e.messages;r&&e.gaps?(e.stream!==i&&(i=e.stream,o.receive({
type:"open",stream:i,cursor:r.length?null:e.cursor,close:"streams/"+i+"/close"})),g(e.gaps,o.receive),g(r,o.receive),
o.receive({type:"cursor",cursor:e.cursor}),e.reason?((t=$e(e.reason,e.cursor,e.text)).reconnect=!e.stop,o.receive(t)
):o.isOnce&&!r.length?o.end():o.isLive()&&n&&!r.length?(o.limit(5e3),c=setTimeout(function(){a(25)},5e3)):o.isLive()&&a(
o.isOnce?0:25)):o.end(Ae(e))}(Oe(e.responseText),n&&ke()-t<1e3)},o.token)}(0)},we.ndjson=function(r){var o=0,e=Ue("GET",
r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");o=n.length-t.pop().length,r.signs=n.length,
g(t,function(e){r.receive(Oe(e))}),4===e.readyState?r.end(Ae(Oe(n))):1e6<o&&r.receive({type:"close",reason:"recycle",
reconnect:!0})},r.token);r.stop=function(){e.abort()}},we.sse=function(n){var t=new ge.EventSource(n.url(""));g([
"message","ff-open","ff-cursor","ff-gap","ff-expiring","ff-close"],function(e){t.addEventListener(e,function(e){
n.receive(Oe(e.data))})}),t.addEventListener("ff-error",function(e){n.end(Oe(e.data))}),t.onerror=function(){n.end()},
n.isUnwatched=!0,n.stop=function(){t.close()}},c="foreverframe.path ",i={},Be=/^(client|admin|expired|replaced)$/,Te=4e4
,d=10,p=12,m=_e=5e3,w=4,y=50,Me=be=!(we.ws=function(n){var e=new ge.WebSocket(n.url("").replace(/^http/,"ws"));
e.onmessage=function(e){n.receive(Oe(e.data))},e.onclose=function(){n.end()},n.stop=function(){e.close()}}),Se=[],v={
open:function(c){var e=function(e){var n=ye.createElement("div"),t=ye.createElement("a");return t.href=e,
ge.addEventListener||(n.innerHTML='<a href="'+e.replace(/&/g,"&amp;").replace(/"/g,"&quot;")+'"></a>',t=n.firstChild),t
}(String(c.url||"").replace(/[^\/]$/,"$&/")+"stream"),i=e.href,a=Le(e),P=(function(e,n){if(!Xe(e)&&!we.hasOwnProperty(
e.transport))throw new Error('foreverframe: there is no transport "'+e.transport+'"');if(!/^https?:$/.test(n.protocol)
)throw new Error('foreverframe: "'+e.url+'" is no address of a server')}(c,e),
/^FF_(TOKEN_EXPIRED|TOKEN_INVALID|TICKET_INVALID)$/),F=2e3,s=null,u=!1;function H(n){var t=!1;c.token(function(e){t||(
s=e,u=!(t=!0),Ee(0,n))})}function _(){var e=c.token&&u;return e&&(s=null),e}var o,B,W=3e4,X=5,l=Ne(c.retryMs,5e3),f=0,
d=!1;function p(e,n){m(),B=Ee(e,n)}function m(){clearTimeout(B)}function v(){m(),g?Pe(a,y)?E("poll","remembered"):be?E(
"frame"):E("poll","loading"):E(c.transport)}function h(e,n,t){var r=e;t&&(d=!(Math.abs(ke()-o)<W),o=d?ke():o),
0<e&&l!==Infinity||(r=d?l/X:l,r*=Math.pow(2,Math.max(0,d?f-1:f)),r=Math.min(r,Math.max(l,W)),r*=d?.5+Math.random(
):.75+Math.random()/2,r=Math.round(r)),f++,p(r,v),x("lost",{retryMs:r,reason:n})}var g=Xe(c),j=16,y=Ne(c.frameAgainMs,
6e5),w=y/j,T=0;function D(){return g&&b&&"poll"===b.transport&&!b.isOnce}function q(){T=0,w=y/j}function K(){p(Pe(a,y),
function(){w=Math.min(2*w,y),V()})}function V(){be&&E("frame","again")}var b=null,M=null,S=null,G=3,J=Math.min(Ne(
c.silentMs,Te)/4,3e4),k=15e3;function E(r,e,n){var t={transport:r,origin:a,isOnce:n,earlier:"poll"===r&&!n&&S&&S.polled,
isEarly:!be,signs:0,url:function(e){var n=t.ticket?"&ticket="+t.ticket:"";return i+function(e,n){
var t="?transport="+r+"&channels="+encodeURIComponent(String(e.channels));
return null!==n?t+="&after="+encodeURIComponent(n):e.after?t+="&after="+encodeURIComponent(e.after):e.last&&(
t+="&last="+encodeURIComponent(e.last)),e.client&&(t+="&client="+encodeURIComponent(e.client)),t}(c,C.cursor)+n+e},
isLive:function(){return t===b||t===M},receive:function(e){t.signs++,e&&t.isLive()?function(e,n){
"open"===n.type?function(e,n){var t=e!==b&&b&&!b.isOnce;e.closeUrl=Q(n),e.polled="poll"===e.transport?n.stream:null,
"closing"===C.state?Ce((S=e).closeUrl,"",s):(e!==b&&(Y(b),M=null),b=e,k=Ne(n.heartbeatMs,k),S=e.isOnce?null:e,
C.stream=e.isOnce?null:n.stream,C.transport=e.isOnce?"shared":e.transport,function(e){
return null!==e&&null!==C.cursor&&xe(e)!==xe(C.cursor)}(n.cursor)||fe(n.cursor),clearTimeout(e.timer),je(e,k,Ne(
c.silentMs,G*k),{good:q,missed:te,silent:function(){T++,I(e,null,"silent")}}),m(),f=0,u=!(d=!1),function(e){t&&(T=1),D(
)&&(e.isEarly||Pe(a,y)||Fe(a,w),K()),"frame"===e.transport&&Fe(a,0)}(e),e.isOnce?x("open",{transport:"shared"}):(x(
"open",n),N("onopen",n)))}(e,n):"error"===n.type?I(e,n):"expiring"===n.type?function r(n,t){function e(){Ue("POST",
n.closeUrl.replace(/close$/,"token"),"",function(e){4!==e.readyState||(Oe(e.responseText)||{}).stream||F<t&&Ee(t/2,
function(){n===b&&r(n,t/2)})},s)}c.token?H(e):e()}(e,n.inMs):e===b&&de(n)}(t,e):e&&"open"===e.type&&Ce(Q(e),"",s)},
end:function(e){t.isLive()&&I(t,e,t===b?"cut":"failed")},limit:function(e){clearTimeout(t.timer),t.timer=setTimeout(
function(){I(t,null,"silent")},e+J)}};O(M),(M=t).limit(0);try{!function(t,r){!function(e){c.token&&!s?H(e):e()}(
function(){var e=t.transport;s&&"poll"!==e&&"ndjson"!==e?Ue("POST",i.replace(/stream$/,"tickets"),
'{"channels":"'+String(c.channels).replace(/[\\"]/g,"\\$&")+'"}',function(e){var n;4===e.readyState&&((n=Oe(
e.responseText))&&n.ticket?(t.ticket=n.ticket,r()):t.end(Ae(n)))},s):(t.token=s,r())})}(t,function(){t.isLive()&&z(r,t)}
)}catch(o){setTimeout(function(){throw t.end(),o},0)}b||x("connecting",{transport:r,reason:e||null})}function z(e,n){
try{we[e](n)}catch(t){setTimeout(function(){n.end(g?null:{type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+e+'" ('+t.message+'): take "auto" instead',reconnect:!1})},0)}}function Q(e){
return i.replace(/stream$/,"")+e.close}function O(e){e&&(clearTimeout(e.timer),e===M&&(M=null),e===b&&(b=null,
C.stream=null),e.stop&&(e.stop(A),e.stop=null),e.isOnce)&&e.closeUrl&&Ce(e.closeUrl,"",s)}function Y(e){e&&e===b&&Z(Ce),
O(e)}function Z(e){S&&(e(S.closeUrl,"",s),S=null)}function I(n,e,t,r){var o=n===b;("silent"===t?Y:O)(n),
n.isOnce&&e&&!e.reconnect?pe(e):n.isOnce?se(o):"closing"===C.state?$("client"):b?(Fe(a,w),K()):e?pe(e):function(e){
return g&&"frame"===n.transport&&(!e||n.isHeld||1<T)?(T=0,E("poll",t),1):void(e||Fe(a,0))}(o)||h(r||0,t,o)}function ee(e
){var n=b;S=null,"closing"===C.state?$(e.reconnect?"client":e.reason):"expired"===e.reason&&"poll"===n.transport&&_()?(
O(n),h(1,e.reason)):e.reconnect?n.isOnce?(O(n),se(!1)):"recycle"===e.reason?(b=null,C.stream=null,E(n.transport,
"recycle"),O(n)):(O(n),h(e.retryMs,e.reason)):(U(e,C.cursor),R("closed",e,"onclose"))}var ne=1e3;function te(){var t,r=b
function o(){return r===b&&"open"===C.state}r&&!r.isOnce&&!r.isAsking&&o()&&(t=He(r),r.isAsking=!0,function(e,n,t){var r
,o,c=!1;function i(e){c||(c=!0,clearTimeout(o),t(e))}o=Ee(_e,function(){i({state:"away"}),r.abort()});try{r=Ue("GET",
e+"?at="+ke(),null,function(e){4===e.readyState&&i(function(e){var n;try{return(n=Oe(e.responseText)||{}
).state?n:n.code?{state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{state:e.status&&e.status<500?"":"away"}}catch(t){
return{state:"away"}}}(e))},n)}catch(a){clearTimeout(o),Ee(0,function(){i({state:""})})}}(r.closeUrl.replace(/\/close$/,
""),s,function(e){var n="closed"===e.state&&Be.test(e.receipt.reason);r.isAsking=!1,o()&&(
"unknown"===e.state||"closed"===e.state&&!n?I(r,null,"cut",1):"away"===e.state&&He(r)===t?I(r,null,"cut"
):"away"===e.state?Ee(ne,te):e.state&&Ee(ne,function(){o()&&(n?ee($e(e.receipt.reason,e.cursor,e.receipt.text)):He(r
)!==t||Re(e.cursor,C.cursor)||(r.isHeld=!0,I(r,null,"silent")))}))}))}var t,re=5,r=null,n=!1,L=0;function oe(){r&&(
r.leave(),r=null)}function U(e,n){"epoch"===e.reason&&(t=e.after+e.upTo),r&&r.tell(e,n)}function ce(){n=!1,O(M),O(b),v()
}function ie(){n=!0,m(),O(M),Y(b),C.transport="shared"}function ae(e){var n=e.event;n&&"close"===n.type?R("closed",n,
"onclose"):(n&&Re(e.before,C.cursor)&&de(n),"beat"===e.kind&&0<L&&L--,le()||M||b||0<L||("open"!==e.state||Re(e.cursor,
C.cursor)&&e.restart===t?e.state!==C.state&&/^(connecting|open|lost)$/.test(e.state)&&x(e.state,{transport:"shared",
reason:e.reason,retryMs:e.retryMs}):(t=e.restart,E("poll","shared",!0))))}function se(e){L=e?0:re}var ue={},C={
state:"connecting",cursor:null,stream:null,transport:null,close:function(){le()||"closing"===C.state||(!b||b.isOnce?(Z(
Ce),$("client")):(oe(),O(M),Ce(b.closeUrl,"",s),p(2e3,function(){$("client")}),x("closing",{})))},ack:function(){
b&&S&&null!==C.cursor&&Ce(S.closeUrl.replace(/close$/,"ack"),'{"cursor":"'+C.cursor+'"}',s)}};function N(e,n,t){if(c[e]
)try{c[e](n,t)}catch(r){setTimeout(function(){throw r},0)}}function x(e,n){N("onstate",C.state=e,ue=n)}function le(){
return"closed"===C.state||"refused"===C.state}function fe(e){return null!==e&&!Re(e,C.cursor)&&(C.cursor=e,1)}
function de(e){var n=C.cursor;"message"===e.type?fe(e.id)&&(U(e,n),N("onmessage",e)):"cursor"===e.type?fe(e.cursor)&&U(e
,n):"gap"===e.type?("epoch"===e.reason&&(C.cursor=e.upTo),U(e,n),N("ongap",e)):"close"===e.type&&ee(e)}function pe(e){
P.test(e.code)&&_()?h(1,e.code):e.reconnect?(h(0,e.code),N("onerror",e)):R("refused",e,"onerror")}function R(e,n,t){he()
,function(e){for(var n=0;n<Se.length;n++)if(Se[n]===e)return Se.splice(n,1)}(me),x(e,n),N(t,n)}function $(e){R("closed",
$e(e,C.cursor),"onclose")}var A=!1,me={begin:ve,hide:function(){Z(We),A=!0,he()},show:function(){A&&(A=!1,
"closing"===C.state?$("client"):Me&&ve())},loaded:function(){!D()||M||Pe(a,y)||V()},wake:function(){(
"lost"!==C.state||n||A?te:v)()}};function ve(){le()||A||r||M||b||(c.share&&(r=function(e,c){var n,i=String(Math.random()
),t=!1,r=0,a=0,o=ke()-2e3,s=!0,u=function(n,t){var r,o;function c(e){e.key===n&&e.newValue&&t(Oe(e.newValue))}try{if(
ge.BroadcastChannel)return(r=new ge.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){
r.postMessage(e)},close:function(){r.close()}};if((o=ge.localStorage).setItem(n,""),ge.addEventListener
)return ge.addEventListener("storage",c,!1),{say:function(e){o.setItem(n,ge.JSON.stringify(e))},close:function(){
ge.removeEventListener("storage",c,!1);try{o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){
u&&e&&e.from!==i&&("hello"===e.kind?t&&l("beat"):"bye"===e.kind?f():t&&!(e.visible===Ie()?e.from<i:e.visible)?l("beat"
):(t&&(t=!1,c.release()),o=ke(),s=!1,Ie()&&!e.visible&&f(),c.follow(e)))});function l(e,n,t){var r={n:++a,from:i,kind:e,
visible:Ie(),event:n,before:t};c.describe(r);try{u.say(r)}catch(o){}}function f(){o=ke()-2e3,s=!0}return u?(
n=setInterval(function(){var e=ke()-o;r++,t?r%4!=0&&Ie()||l("beat"):e<0?o=ke():s&&e>(Ie()?2e3:2400)?(t=!0,l("beat"),
c.hold()):1200<e&&(s=!0,l("hello"))},250),l("hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){
clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}(["foreverframe",i,c.channels,c.client].join("\n"),{
describe:function(e){e.state=C.state,e.reason=ue.reason,e.retryMs=ue.retryMs,e.cursor=C.cursor,e.restart=t},hold:ce,
release:ie,follow:ae})),n=!!r,r)||v()}function he(){m(),O(M),O(b),oe()}return function(e){Se[Se.length]=e,
Me&&setTimeout(e.begin,0)}(me),C}},"complete"===ye.readyState?be=Me=!0:(h(ge,"load",function(){setTimeout(function(){
be=!0,r(),n("loaded")},50)}),setTimeout(function O(){ye.body?r():setTimeout(O,250)},1e4)),h(ge,
"onpagehide"in ge?"pagehide":"unload",function(){n("hide"),S()}),h(ge,"pageshow",function(e){e.persisted&&n("show")}),h(
ge,"online",o),h(ye,"visibilitychange",function(){Ie()?ke()-e>m&&o():e=ke()}),ge.foreverframe=v)}(window);
